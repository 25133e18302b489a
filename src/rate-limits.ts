import type { Tier } from './domain/license/policy.ts';

/** A number of requests in a window of seconds. RATE_LIMITS and the headers use its name. */
export type Limit = { readonly name: LimitName; readonly quota: number; readonly seconds: number };

/** A kind of key to count. The kinds of a tier count the credentials of an organization. */
export type Bucket = keyof typeof buckets;

/** The kinds that count the requests with a license key, by the key. Their quotas grow with the license. */
export type KeyBucket = keyof typeof growth;

/** A limit as operators and clients name it. */
export type LimitName = (typeof buckets)[Bucket][number];

/** Every limit with its quota and window. */
export type Limits = Readonly<Record<LimitName, Limit>>;

/** The limits of each kind, the shortest window first. */
export const buckets = {
  free: ['free', 'free_hour', 'free_day'],
  pro: ['pro', 'pro_hour', 'pro_day'],
  enterprise: ['enterprise', 'enterprise_hour', 'enterprise_day'],
  login: ['login'],
  login_place: ['login_place', 'login_place_day'],
  login_account: ['login_account'],
  login_device: ['login_device', 'login_device_day'],
  signup: ['signup'],
  reset: ['reset'],
  reset_account: ['reset_account'],
  invite: ['invite'],
  invite_address: ['invite_address'],
  validate: ['validate'],
  features: ['features'],
  activate: ['activate'],
  deactivate: ['deactivate'],
  seat_acquire: ['seat_acquire'],
  seat_heartbeat: ['seat_heartbeat'],
  seat_release: ['seat_release'],
  usage: ['usage'],
  log: ['log'],
  log_organization: ['log_organization'],
  unknown_key: ['unknown_key'],
} as const;

/** The kinds that count failures. A success takes its request back. */
export const failureBuckets = ['login_place', 'login_account', 'login_device'] as const satisfies readonly Bucket[];

const [minute, tenMinutes, hour, day] = [60, 600, 3_600, 86_400];

const standard: Readonly<Record<LimitName, readonly [quota: number, seconds: number]>> = {
  free: [60, minute],
  free_hour: [1_000, hour],
  free_day: [10_000, day],
  pro: [300, minute],
  pro_hour: [10_000, hour],
  pro_day: [100_000, day],
  enterprise: [1_000, minute],
  enterprise_hour: [50_000, hour],
  enterprise_day: [500_000, day],
  login: [10, minute],
  login_place: [10, 15 * minute],
  login_place_day: [20, day],
  login_account: [200, day],
  login_device: [10, 15 * minute],
  login_device_day: [20, day],
  signup: [5, minute],
  reset: [10, hour],
  // As long as a mailed token works: a user who asks in vain has a mail that works.
  reset_account: [3, 30 * minute],
  invite: [100, hour],
  invite_address: [3, day],
  validate: [60, tenMinutes],
  features: [60, tenMinutes],
  activate: [30, tenMinutes],
  deactivate: [30, tenMinutes],
  seat_acquire: [200, tenMinutes],
  seat_heartbeat: [200, tenMinutes],
  seat_release: [200, tenMinutes],
  // Records of usage. As many as the policies allow by default, for ten minutes.
  usage: [6_000, tenMinutes],
  // Files of public logs without a credential. A log of 1,000,000 leaves has about 8,000.
  log: [1_000, minute],
  // The same files with a credential, so that an auditor does not use up the quota of the organization.
  log_organization: [1_000, minute],
  unknown_key: [10, minute],
};

const names = Object.keys(standard) as readonly LimitName[];

/** The limits that apply unless RATE_LIMITS changes them. */
export const standardLimits: Limits = Object.fromEntries(
  names.map((name) => [name, { name, quota: standard[name][0], seconds: standard[name][1] }]),
) as Limits;

/**
 * What the quotas of a license key grow with: how many devices, seats or users may use the license, and the seconds
 * between two heartbeats of a seat.
 */
export type LicenseSize = { readonly devices: number; readonly heartbeatSeconds: number };

/** Returns how many requests a license of this size may need in a window of so many seconds. */
type Growth = (size: LicenseSize, seconds: number) => number;

const perDevice =
  (requests: number): Growth =>
  ({ devices }) =>
    devices * requests;

const growth = {
  validate: perDevice(2),
  features: perDevice(2),
  activate: perDevice(1),
  deactivate: perDevice(1),
  seat_acquire: perDevice(2),
  // Twice as often as the holders of all seats should send them.
  seat_heartbeat: ({ devices, heartbeatSeconds }, seconds) => devices * 2 * Math.ceil(seconds / heartbeatSeconds),
  seat_release: perDevice(2),
  usage: perDevice(60),
} as const satisfies Readonly<Partial<Record<LimitName, Growth>>>;

/** Returns true for the limits of license keys, whose quotas grow. */
export const growsWithLicense = (name: LimitName): boolean => name in growth;

/** Returns true for a limit that counts the records of a request. A request may have many. */
export const countsRecords = (name: LimitName): boolean => name === 'usage';

/** Returns the limit for a license of this size: the quota is never below that of `limit`. */
export const grownLimit = (limit: Limit, size: LicenseSize): Limit => {
  const { name, quota, seconds } = limit;
  const needed = name in growth ? growth[name as KeyBucket](size, seconds) : 0;
  return needed <= quota ? limit : { ...limit, quota: Math.min(needed, quotaMax) };
};

/** Returns the kind for the credentials of an organization. A trial gets the limits of the tier that it tries out. */
export const bucketOfTier = (tier: Tier): Bucket => tierBuckets[tier];

const tierBuckets = {
  FREE: 'free',
  TRIAL: 'pro',
  PRO: 'pro',
  ENTERPRISE: 'enterprise',
} as const satisfies Record<Tier, Bucket>;

const quotaMax = 1_000_000_000;

/**
 * Parses `name=quota/seconds`, or `name=quota`, which keeps the window. Entries are separated by commas and override
 * the standard limits. Returns a sentence when a name is unknown or repeated, or a number is not an integer of at least
 * 1.
 */
export const parseLimits = (text: string): Limits | { readonly fault: string } => {
  const overridden = new Map<LimitName, Limit>();
  for (const part of text.split(',')) {
    const match = /^\s*([a-z_]+)\s*=\s*(\d{1,10})(?:\s*\/\s*(\d{1,6}))?\s*$/.exec(part);
    if (match === null) return fault(`"${part.trim()}" is not of the form name=quota/seconds`);
    const [, entryName, quotaText, secondsText] = match;
    const name = names.find((known) => known === entryName);
    if (name === undefined) return fault(`there is no limit named ${entryName}; the names are ${names.join(', ')}`);
    if (overridden.has(name)) return fault(`${name} is given twice`);
    const quota = Number(quotaText);
    const seconds = secondsText === undefined ? standard[name][1] : Number(secondsText);
    if (quota < 1 || quota > quotaMax) return fault(`the quota of ${name} must be 1 to ${quotaMax}`);
    if (seconds < 1 || seconds > day) return fault(`the window of ${name} must be 1 to ${day} seconds`);
    overridden.set(name, { name, quota, seconds });
  }
  return { ...standardLimits, ...Object.fromEntries(overridden) };
};

const fault = (sentence: string) => ({ fault: `${sentence}.` });
