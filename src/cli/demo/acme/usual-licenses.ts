import type { LicenseStory } from './license-story.ts';
import { activate, convert, reinstate, renew, type Step, suspend, use } from './steps.ts';

type Row = readonly [
  license: string,
  customer: string | null,
  policy: LicenseStory['policy'],
  day: number,
  devices: number,
  /** The days of its renewals. */
  renewals: readonly number[],
];

const bright = 'Brightwater Studios';
const halden = 'Halden Logistics';
const oakfield = 'Oakfield College';
const quayside = 'Quayside Clinic';
const tern = 'Tern Robotics';
const verdant = 'Verdant Homes';

// A license of a year that is not renewed has expired a year later. Renewed until day 731 + n, it ends in n days.
const rows: readonly Row[] = [
  ['BW-2032', bright, 'draft', 12, 3, [370]],
  ['BW-2033', bright, 'draft', 15, 2, [374]],
  ['BW-2040', bright, 'draft', 260, 3, [620]],
  ['BW-2041', bright, 'draft', 410, 1, []],
  ['BW-2055', bright, 'render', 440, 4, []],
  ['HAL-0008', halden, 'draft', 44, 3, []],
  ['HAL-0009', halden, 'draft', 44, 2, [402]],
  ['HAL-0012', halden, 'render', 190, 2, [548]],
  ['HAL-0015', halden, 'draft', 600, 2, []],
  ['OAK-LAB-2', oakfield, 'team', 20, 5, [378]],
  ['OAK-STAFF', oakfield, 'draft', 50, 3, [410]],
  ['OAK-2025', oakfield, 'draft', 402, 4, []],
  ['QC-119', quayside, 'draft', 66, 1, []],
  ['QC-130', quayside, 'draft', 480, 0, []],
  ['TR-0043', tern, 'render', 130, 5, [490]],
  ['TR-0044', tern, 'draft', 385, 3, []],
  ['TR-0045', tern, 'draft', 640, 0, []],
  ['VH-1', verdant, 'team', 210, 4, [570]],
  ['VH-2', verdant, 'draft', 220, 2, [581]],
  ['VH-3', verdant, 'draft', 700, 1, []],
  ['WEB-4401', null, 'draft', 30, 1, []],
  ['WEB-4420', null, 'draft', 88, 2, [446]],
  ['WEB-4517', null, 'draft', 150, 1, []],
  ['WEB-4630', null, 'draft', 310, 1, []],
  ['WEB-5001', null, 'draft', 368, 2, []],
  ['WEB-5208', null, 'draft', 390, 0, []],
  ['WEB-5640', null, 'draft', 575, 1, []],
  ['WEB-5702', null, 'draft', 660, 4, []],
  ['WEB-5790', null, 'draft', 715, 0, []],
];

const stepsOf = ([license, , policy, day, devices, renewals]: Row): readonly Step[] => [
  ...Array.from({ length: devices }, (_, device) =>
    activate(day + 1 + device * 2, {
      name: `${license.toLowerCase()}-pc${device + 1}`,
      product: 'draft',
      version: day < 330 ? '1.1.0' : '2.1.0',
      platform: device % 3 === 2 ? 'macos' : 'windows',
    }),
  ),
  ...renewals.map((renewal) => renew(renewal)),
  ...(policy === 'render' ? monthlyUse(day + 20, devices) : []),
];

const monthlyUse = (from: number, devices: number): readonly Step[] => [
  ...Array.from({ length: Math.floor((726 - from) / 30) + 1 }, (_, month) =>
    use(from + month * 30, 'render_minutes', devices * 450 + ((month * 613) % 700)),
  ),
  // Every period of a month has some use, also the last one.
  use(728, 'render_minutes', devices * 310),
];

const trial = (reference: string, day: number, later: readonly Step[]): LicenseStory => ({
  license: reference,
  customer: null,
  policy: 'trial',
  day,
  reference,
  steps: [
    activate(day, { name: `${reference.toLowerCase()}-pc`, product: 'draft', version: '2.1.0', platform: 'windows' }),
    ...later,
  ],
});

/** Licenses that begin, are used, renew and end, as most licenses do. */
export const usualLicenses: readonly LicenseStory[] = [
  ...rows.map(
    (row): LicenseStory => ({
      license: row[0],
      customer: row[1],
      policy: row[2],
      day: row[3],
      reference: row[0],
      steps: stepsOf(row),
    }),
  ),
  trial('TRY-310', 350, []),
  trial('TRY-377', 512, [convert(530, 'draft'), suspend(640, 'CUSTOMER_REQUEST', 'The project pauses.')]),
  trial('TRY-391', 611, []),
  trial('TRY-402', 712, []),
  trial('TRY-340', 452, [
    convert(470, 'draft'),
    suspend(560, 'PAYMENT', 'The card was refused.'),
    reinstate(563, 'Paid with another card.'),
  ]),
];
