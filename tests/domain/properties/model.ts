import { isDeepStrictEqual as isSame } from 'node:util';
import type { CommandOf, LicenseCommand } from '../../../src/domain/license/commands.ts';
import type { DeviceName } from '../../../src/domain/license/devices/device-commands.ts';
import type { Origination } from '../../../src/domain/license/issue/issue-commands.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { newBindings } from './bindings.ts';
import { detailsOf, wrongParts } from './device-details.ts';
import { lengthOf, ms } from './draw.ts';
import { newDue } from './falls-due.ts';
import { withLate } from './late-use.ts';
import { newMeteredUse, newReset } from './metered-use.ts';
import { modelOverrides, newOverrides } from './overrides.ts';
import { newPayments } from './payments.ts';
import { all, asItIs, endOf, first, isOpen, isWrong, newRecord, noLease, overAt, type Verdict } from './record.ts';
import { newExpiredDevices, newUnseen } from './unseen.ts';
import { mayComeLate, settlesNothing } from './worker-commands.ts';

// Implements the rules of a license a second time, without events. It shares only the types of commands with src/domain.
// A rule changes the record. A command that leaves it as it is does nothing. The changes of a refused one are undone.

type Rules = { readonly [Type in LicenseCommand['type']]: (data: CommandOf<Type>['data']) => Verdict };

/** Returns a license before its first command. `judge` applies a command and returns its outcome. */
export const newModel = (anyPolicy: PinnedPolicy) => {
  const record = newRecord(anyPolicy);
  const { m, put, statusAt, modeAt, groundsAt, accessEnd, useEnd, startOf, setTerm, enterTerm, announce } = record;
  const { endTrial, carryOut, settle, endGrace, retire, endSuspension } = newDue(record);
  const { plan, isPlanned, drop, reinstate, withdraw, overtake, pay, otherThan, become, unusable } = record;
  const { renew, changeExpiry, changeTier, convertTrial } = newPayments(record);
  const beside = newOverrides(record);
  const { find, isKnown, close, end, announced, lapse, giveBack, take, occupy, mayNotBorrow } = record;
  const { update, annotate, crowded, unassign, endingUse } = newBindings(record);
  const releaseUnseen = newUnseen(record);
  const releaseExpired = newExpiredDevices(record);
  const isBarred = (byKey?: boolean) => byKey === true && m.policy.deactivateByKey === 'OWN';
  const parts = (Object.keys(m) as (keyof typeof m)[]).filter((part) => part !== 'now' && part !== 'eventId');

  const judge = ({ type, data, at }: LicenseCommand, eventId: string): Verdict => {
    m.eventId = eventId;
    m.now = ms(at);
    const before = { ...m };
    enterTerm(); // Taken back with the rest of a command without effect: the next clock may be behind.
    // The rule of this type; the compiler cannot link the two.
    const refused = refusedAtOnce(type, data);
    const endUse = endingUse();
    if (refused === undefined && !settlesNothing.has(type)) settle(endUse);
    const settled = { ...m };
    const verdict = refused ?? (rules[type] as (data: LicenseCommand['data']) => Verdict)(data);
    endUse();
    const isChanged = verdict === 'done' && parts.some((part) => !isSame(m[part], settled[part]));
    if (!isChanged) put(before);
    return verdict === 'done' && !isChanged ? 'nothing' : verdict;
  };
  const refusedAtOnce = (type: LicenseCommand['type'], data: LicenseCommand['data']): Verdict | undefined => {
    const begins = type === 'IssueLicense' || type === 'ImportLicense';
    if (begins || !m.issued) return begins ? first({ nothing: m.issued }) : 'LICENSE_NOT_FOUND';
    if (m.revoked && type !== 'RecordReplacement' && type !== 'AnnounceEnded')
      return mayComeLate.has(type) ? 'nothing' : 'LICENSE_REVOKED';
    const limits = 'limits' in data ? data.limits : 'target' in data ? data.target.limits : null;
    return first({
      TERM_INVALID: 'scheduled' in data && startOf(data.scheduled) <= m.now,
      LIMIT_INVALID: isWrong(limits),
      nothing: 'termNumber' in data && data.termNumber !== m.term,
    });
  };

  const openOffer = () => (m.offer !== null && m.now < m.offer.over ? m.offer : null);
  const endOffer = (to: string | undefined, declined: boolean) =>
    put(to !== undefined && m.offer !== null && { offer: { ...m.offer, over: -Infinity, declined } });
  const mayNotMove = () => !m.policy.transferable && (m.holder !== null || m.offer === null);
  const resets = ({ expiry }: { readonly expiry: string }) => expiry === 'RESET' && m.end < Infinity;
  const move = (holder: string | null, terms: Terms, newKey: object | undefined): Verdict => {
    const refused = first({ TERM_INVALID: resets(terms) && Number.isNaN(m.span) });
    const releases = terms.activations === 'RELEASE';
    if (releases) end(() => true);
    const keys = releases && newKey && { keyVersion: m.keyVersion + 1, overlaps: {} };
    const moved = put({ holder, offer: null, ...keys });
    return refused ?? all(moved, resets(terms) ? all(setTerm(m.now, m.now + m.span), put({ length: m.span })) : 'done');
  };

  const rules: Rules = {
    IssueLicense: (data) => begin(data, m.now),
    ImportLicense: (data) => begin(data, -Infinity),
    StartTerm: ({ trigger }) =>
      first({ nothing: m.awaits === '', TERM_INVALID: m.awaits !== trigger }) ?? setTerm(m.now, m.now + m.span),
    Suspend: ({ reasonCode: ground, until: last, scheduled }) => {
      const [from, until] = [startOf(scheduled), last === null ? Infinity : ms(last)];
      const isAnnounced = isPlanned(scheduled, (plan) => plan.ground === ground, { until });
      const nothing = isAnnounced || groundsAt(m.now, until).includes(ground);
      const refused = first({ TERM_INVALID: until <= from, nothing });
      if (!scheduled && groundsAt(m.now).length === 0) drop('ground');
      overtake((plan) => plan.ground === ground && (scheduled !== undefined || until >= (plan.until ?? 0)));
      return refused ?? plan(scheduled, { ground, until });
    },
    Reinstate: ({ reasonCode }) => {
      if (groundsAt(m.now).length > 0) reinstate();
      return reasonCode === 'PAYMENT' ? pay() : 'done';
    },
    EndSuspension: ({ until }) => endSuspension(ms(until)),
    Renew: renew,
    ChangeExpiry: changeExpiry,
    ChangeMaintenance: ({ to }) => put({ maintained: to === null ? Infinity : ms(to), sold: true }),
    SetRenewal: ({ to: mode, scheduled }) => {
      const isMode = modeAt(m.now) === mode;
      if (isPlanned(scheduled, (plan) => plan.mode !== undefined, { mode })) return 'nothing';
      overtake((plan) => plan.mode !== undefined);
      if (isMode) return 'done';
      if (!scheduled) drop('mode');
      return plan(scheduled, { mode });
    },
    CancelScheduled: ({ eventId }) =>
      m.plans.some(({ id, at }) => id === eventId && at > m.now) ? withdraw(eventId) : 'NOT_FOUND',
    CarryOutScheduled: ({ eventId }) => {
      const plan = m.plans.find(({ id, at }) => id === eventId && at <= m.now);
      return plan ? carryOut(plan) : 'nothing';
    },
    Expire: () => announce(),
    EndGrace: () => (m.policy.expiryGraceSeconds > 0 && m.now >= accessEnd() ? endGrace() : 'nothing'),
    Remind: ({ offset }) => {
      const due = m.end - lengthOf(offset);
      const isSkipped = due <= m.run || due < m.endSetAt || !m.policy.remindBefore.includes(offset);
      return put(m.now >= due && m.now < m.end && !isSkipped && { reminded: { ...m.reminded, [offset]: 1 } });
    },
    Revoke: () =>
      all(
        end(({ kind }) => kind !== 'users'),
        overtake(() => true),
        put({ revoked: true, offer: null }),
      ),
    AnnounceEnded: () => put(m.unannounced > 0 && { announcing: m.announcing + 1 }),
    ChangeReference: ({ to: reference }) => put({ reference }),
    RecordReplacement: ({ by }) =>
      m.revoked && ['', by].includes(m.replacedBy) ? put({ replacedBy: by }) : 'INVALID_REQUEST',
    RotateKey: ({ overlapSeconds, cause }) => {
      const current = overlapSeconds > 0 && { [m.keyVersion]: m.now + overlapSeconds * 1000 };
      const overlaps = ['LEAKED', 'LOST'].includes(cause) ? {} : { ...m.overlaps, ...current };
      return first({ LIMIT_INVALID: overlapSeconds < 0 }) ?? put({ keyVersion: m.keyVersion + 1, overlaps });
    },
    EndKeyOverlap: ({ keyVersion }) => {
      const ended = (version: string) => keyVersion === undefined || Number(version) === keyVersion;
      const overlaps = Object.entries(m.overlaps).filter(([version]) => !ended(version));
      const isOver = keyVersion !== undefined && keyVersion >= m.keyVersion;
      return (
        first({ INVALID_REQUEST: isOver }) ??
        put(overlaps.length < Object.keys(m.overlaps).length && { overlaps: Object.fromEntries(overlaps) })
      );
    },
    RetireKey: ({ keyVersion }) => retire(keyVersion),
    Transfer: ({ toHolderOrgId: holder, accepted, newKey, ...terms }) => {
      if (holder === m.holder) return endOffer(openOffer()?.to, false);
      const HOLDER_CONSENT_REQUIRED = !accepted && holder !== null;
      return first({ FORBIDDEN: mayNotMove(), HOLDER_CONSENT_REQUIRED }) ?? move(holder, terms, newKey);
    },
    OfferLicense: ({ toHolderOrgId: to, ...terms }) => {
      if (to === m.holder) return endOffer(openOffer()?.to, false);
      const nothing = openOffer()?.to === to && isSame(openOffer()?.terms, terms);
      const refused = first({ FORBIDDEN: mayNotMove(), TERM_INVALID: resets(terms) && Number.isNaN(m.span), nothing });
      return refused ?? put({ offer: { to, terms, over: m.now + offerLength, declined: false } });
    },
    AcceptOffer: ({ holderOrgId, newKey }) => {
      const offer = openOffer();
      if (m.holder === holderOrgId) return 'nothing';
      return offer?.to === holderOrgId ? move(offer.to, offer.terms, newKey) : 'NOT_FOUND';
    },
    DeclineOffer: ({ holderOrgId }) => {
      if (m.offer?.to === holderOrgId && m.offer.declined) return 'nothing';
      return openOffer()?.to === holderOrgId ? endOffer(holderOrgId, true) : 'NOT_FOUND';
    },

    Activate: (device) => {
      const { fingerprintHash: name, product, userRef: user = null } = device;
      if (m.awaits !== '') setTerm(m.now, m.now + m.span);
      const [use] = [find('activations', name)].filter(isOpen);
      const refused = unusable(product, user) ?? first({ ...wrongParts(use, device, m.policy), ...crowded(use, user) });
      if (!refused && use) return update(use, device);
      const details = { name, product, user, ...detailsOf(device), touched: m.now };
      const verdict = refused ?? take({ ...noLease, kind: 'activations', ...details });
      const isUnreserved = m.policy.fingerprintUniqueness === 'ISSUER' && device.reserved === undefined;
      return verdict === 'done' && isUnreserved ? 'DEVICE_ACTIVE_ELSEWHERE' : verdict;
    },
    Deactivate: ({ device, by, byKey }) => {
      if ('activationId' in device && isBarred(byKey)) return 'FORBIDDEN';
      const { allowed, maxPerTerm, cooldownSeconds } = m.policy.deactivation;
      const use = find('activations', nameOf(device));
      if (!isOpen(use)) return isKnown('activations', nameOf(device)) ? 'nothing' : 'ACTIVATION_NOT_FOUND';
      if (m.policy.lease.scope === 'MACHINE') giveBack(use.name);
      close(({ id }) => id === use.id);
      const DEACTIVATION_LIMIT = !allowed || m.releases >= (maxPerTerm ?? Infinity);
      const refused = first({ DEACTIVATION_LIMIT, COOLDOWN_ACTIVE: m.now - m.lastRelease < cooldownSeconds * 1000 });
      const counted = { releases: m.releases + 1, lastRelease: m.now, ...withLate(m, { releases: 1 }) };
      return by === 'ADMIN' ? 'done' : (refused ?? put(counted));
    },
    SwapActivation: ({ release: device, activate, byKey }) => {
      if (m.awaits !== '') setTerm(m.now, m.now + m.span);
      const [use, requested] = [find('activations', nameOf(device)), find('activations', activate.fingerprintHash)];
      const wasReleased = !isOpen(use) && isKnown('activations', nameOf(device));
      const nothing = isOpen(requested) && (use === requested || wasReleased);
      const FORBIDDEN = 'activationId' in device && isBarred(byKey);
      const named = { ...activate, byKey: byKey ?? false };
      const wrong = isOpen(requested) && wrongParts(requested, named, m.policy);
      const missing = { ACTIVATION_NOT_FOUND: !isOpen(use), INVALID_REQUEST: isOpen(requested) };
      const refused = unusable(activate.product, null) ?? first({ FORBIDDEN, ...wrong, nothing, ...missing });
      return refused ?? all(rules.Deactivate({ device, by: 'USER' }), rules.Activate(named));
    },
    AcquireLease: ({ leaseId: id, holderHash: name, product, userRef: user, borrowSeconds: borrow, dead }) => {
      if (m.awaits !== '') setTerm(m.now, m.now + m.span);
      lapse(dead);
      if (user !== null && find('seats', name)?.user !== user) giveBack(name);
      const guards = { nothing: isOpen(find('seats', name)), LIMIT_INVALID: mayNotBorrow(borrow) };
      const refused = unusable(product, user) ?? first(guards);
      return refused ?? occupy({ ...noLease, kind: 'seats', id, name, product, user }, borrow);
    },
    RenewLease: ({ leaseId, borrowSeconds: borrow, byKey }) => {
      if (isBarred(byKey)) return 'FORBIDDEN';
      const lease = find('seats', leaseId);
      if (!lease || lease.over === -Infinity || m.now >= lease.known) return 'NOT_FOUND';
      const [over, other] = [overAt(lease), find('seats', lease.name)];
      const end = Math.min(m.now + (borrow ?? 0) * 1000, useEnd());
      const isLost = m.now >= over + m.policy.lease.resurrectSeconds * 1000 || (isOpen(other) && other !== lease);
      const refused = unusable(m.products.length > 0 ? null : lease.product, lease.user);
      if (refused) return refused;
      if (!isOpen(lease) || m.now >= over) {
        lapse([]);
        return isLost ? 'NOT_FOUND' : occupy(lease, null);
      }
      const guards = { nothing: !lease.borrow || end <= lease.end, LIMIT_INVALID: mayNotBorrow(borrow) };
      return first(guards) ?? put({ uses: m.uses.map((use) => (use === lease ? { ...use, end } : use)) });
    },
    ReleaseLease: ({ leaseId, byKey }) => {
      if (isBarred(byKey)) return 'FORBIDDEN';
      return isOpen(find('seats', leaseId)) || isKnown('seats', leaseId) ? giveBack(leaseId) : 'NOT_FOUND';
    },
    ReleaseUnseen: releaseUnseen,
    ReleaseExpired: releaseExpired,
    ChangeDevice: annotate,
    LapseLease: (seen) => lapse([seen], seen.leaseId),
    AssignUser: ({ userRef: id }) =>
      isOpen(find('users', id)) ? 'nothing' : take({ ...noLease, kind: 'users', id, name: id, product: null }),
    UnassignUser: ({ userRef }) => unassign(userRef),
    RecordUsage: newMeteredUse(record),
    ResetUsage: newReset(record),

    ChangeLimits: ({ limits, strategy, overrides = {} }) =>
      all(beside.set(overrides), become({ ...asItIs, policy: m.policy, limits }, strategy)),
    GrantEntitlement: (granted) => {
      const TERM_INVALID = granted.until !== null && ms(granted.until) <= m.now;
      const nothing = m.entitlements.some((entitlement) => isSame(entitlement, granted));
      return first({ TERM_INVALID, nothing }) ?? put({ entitlements: [...otherThan(granted), granted] });
    },
    RevokeEntitlement: ({ code, source }) => {
      const all = m.entitlements.filter((entitlement) => entitlement.code === code);
      const isGranted = source === 'grant' && all.some((entitlement) => entitlement.source === 'grant');
      const isOfPolicy = all.some((one) => one.source !== 'grant' && (one.until === null || ms(one.until) > m.now));
      const guards = { ENTITLEMENT_FROM_POLICY: !isGranted && isOfPolicy, nothing: !isGranted };
      return first(guards) ?? put({ entitlements: otherThan({ code, source }) });
    },
    EndEntitlements: ({ until: last }) => {
      const ends = m.entitlements.map(({ until }) => (until === null ? Infinity : ms(until)));
      const ended = ends.filter((end) => end > m.endsAnnounced && end <= Math.min(ms(last), m.now));
      return put(ms(last) <= m.now && ended.length > 0 && { endsAnnounced: Math.max(...ended) });
    },
    AddProduct: ({ product }) => beside.add(product),
    RemoveProduct: ({ product }) => become({ ...asItIs, policy: m.policy, products: beside.remove(product) }),
    ChangeTier: changeTier,
    ChangePolicy: (data) => (data.target.policy.tier === m.policy.tier ? rules.ChangeTier(data) : 'INVALID_REQUEST'),
    ConvertTrial: convertTrial,
    EndTrial: () => (m.policy.type !== 'TRIAL' || m.now < m.end ? 'nothing' : endTrial()),
  };

  const begin = ({ policy, products, term, limits, offerTo, ...data }: Origination, endsAfter: number): Verdict => {
    const start = 'startsAt' in term && term.startsAt !== null ? ms(term.startsAt) : m.now;
    const [end, awaits] = [endOf(term, start), triggers[term.kind] ?? ''];
    const refused = first({ TERM_INVALID: end <= Math.max(start, endsAfter), LIMIT_INVALID: isWrong(limits) });
    const { holderOrgId: holder, entitlements, afterTrial = null } = data;
    put({ issued: true, policy, products, limits, awaits, holder, entitlements, afterTrial });
    put({ beside: modelOverrides(data.overrides ?? {}) });
    if (awaits === '') setTerm(start, end);
    const over = m.now + offerLength;
    if (offerTo !== undefined) put({ offer: { to: offerTo, terms: asItStays, over, declined: false } });
    const span = 'duration' in term ? end - start : NaN;
    return refused ?? put({ endsAnnounced: m.now, span, length: span });
  };
  return { m, judge, announced, statusAt, modeAt };
};

type Terms = { readonly expiry: string; readonly activations: string };
const nameOf = (device: DeviceName) => ('activationId' in device ? device.activationId : device.fingerprintHash);
const asItStays = { expiry: 'KEEP', activations: 'KEEP' };
const offerLength = 30 * 86_400_000;
const triggers: Record<string, string> = { firstActivation: 'FIRST_ACTIVATION', firstValidation: 'FIRST_VALIDATION' };
