import type { LicenseStory } from './license-story.ts';
import {
  activate,
  assign,
  borrow,
  deactivate,
  grant,
  moveEnd,
  reinstate,
  renew,
  revoke,
  type Step,
  setLimits,
  suspend,
  unassign,
  use,
} from './steps.ts';
import { usualLicenses } from './usual-licenses.ts';

const desktop = (name: string, version = '2.1.0') => ({ name, product: 'draft', version, platform: 'windows' });
const farm = (number: number, version = '1.1.0') => ({
  name: `render-${String(number).padStart(2, '0')}`,
  product: 'render',
  version,
  platform: 'linux',
});

const months = (from: number, to: number, step: (day: number, month: number) => Step): readonly Step[] =>
  Array.from({ length: Math.floor((to - from) / 30) + 1 }, (_, month) => step(from + month * 30, month));

/** A farm that grows: its meter goes over the limit, and the limit follows. */
const renderFarm: LicenseStory = {
  license: 'brightwater farm',
  customer: 'Brightwater Studios',
  policy: 'render',
  day: 24,
  reference: 'BW-2031',
  metadata: { region: 'eu', contract: 'frame' },
  steps: [
    ...[1, 2, 3, 4].map((number) => activate(25, farm(number, '1.0.0'))),
    ...months(30, 725, (day, month) => use(day, 'render_minutes', 2_600 + month * 230 + ((month * 977) % 900))),
    use(728, 'render_minutes', 9_640),
    renew(380),
    activate(300, farm(5)),
    activate(398, farm(6)),
    setLimits(470, { activations: 10, meters: { render_minutes: 9_000 } }, 'UPGRADE'),
    ...[7, 8, 9].map((number) => activate(474, farm(number))),
    deactivate(640, 'render-01'),
    activate(641, farm(10, '2.0.0')),
    grant(655, 'gpu_cluster', null),
  ],
};

/** A team with seats and users. Acme Tools assigns the users, so nobody holds the license. */
const team: LicenseStory = {
  license: 'halden team',
  customer: null,
  policy: 'team',
  day: 40,
  reference: 'HAL-0007',
  metadata: { customer: 'Halden Logistics', costCenter: '4410' },
  steps: [
    ...['anna', 'bjarne', 'cecilie', 'dag', 'elin', 'finn', 'guro', 'hans'].map((name, place) =>
      assign(42 + place * 3, `${name}@halden.example`),
    ),
    activate(44, desktop('HAL-OSLO-01', '1.0.0')),
    activate(51, desktop('HAL-OSLO-02', '1.1.0')),
    activate(130, desktop('HAL-BERGEN-01', '1.1.0')),
    unassign(290, 'dag@halden.example'),
    assign(291, 'ingrid@halden.example'),
    renew(398),
    setLimits(540, { seats: 15 }, 'UPGRADE'),
    ...['anna', 'bjarne', 'elin', 'guro', 'ingrid'].map((name, place) =>
      borrow(700 + place * 4, `${name}@halden.example`, 45),
    ),
    ...months(60, 720, (day, month) => use(day, 'reviews', 40 + ((month * 31) % 55))),
  ],
};

/** A payment is late twice. The second time the license stays suspended. */
const latePayer: LicenseStory = {
  license: 'quayside draft',
  customer: 'Quayside Clinic',
  policy: 'draft',
  day: 70,
  reference: 'QC-118',
  steps: [
    activate(71, desktop('QC-RECEPTION', '1.0.0')),
    activate(75, desktop('QC-LAB', '1.1.0')),
    suspend(268, 'PAYMENT', 'Invoice 2024-118 is 30 days late.'),
    reinstate(275, 'Paid by bank transfer.'),
    renew(430),
    suspend(709, 'PAYMENT', 'Invoice 2025-204 is 30 days late.'),
  ],
};

/** A key that was published: many devices in a few days, then the end. */
const abuse: LicenseStory = {
  license: 'leaked key',
  customer: null,
  policy: 'draft',
  day: 410,
  reference: 'WEB-5512',
  metadata: { channel: 'web shop' },
  steps: [
    activate(410, desktop('Laptop of Jo', '2.0.0')),
    setLimits(431, { activations: 30 }, 'SUPPORT'),
    ...Array.from({ length: 24 }, (_, device) =>
      activate(470 + Math.floor(device / 5), desktop(`PC-${1_000 + device * 37}`, '2.0.0')),
    ),
    suspend(476, 'FRAUD', '25 devices from 11 countries in six days. The key is on a public forum.'),
    revoke(490, 'FRAUD', 'The buyer did not answer. The payment was charged back.'),
  ],
};

/** A wrong end that a colleague corrects on the next day. */
const wrongEnd: LicenseStory = {
  license: 'oakfield lab',
  customer: 'Oakfield College',
  policy: 'team',
  day: 36,
  reference: 'OAK-LAB-1',
  steps: [
    ...['Lab A', 'Lab B', 'Lab C', 'Library'].map((room, place) =>
      activate(38 + place, desktop(`OAK ${room}`, '1.0.0')),
    ),
    renew(395),
    moveEnd(600, 12, 'TYPING_ERROR', 'Ends with the school year.'),
    moveEnd(601, 165, 'CORRECTION', 'The school year ends in summer: 12 days was a typing error.'),
  ],
};

/** The wrong license was revoked, so another one takes its place. */
const revokedByMistake: readonly LicenseStory[] = [
  {
    license: 'tern draft',
    customer: 'Tern Robotics',
    policy: 'draft',
    day: 126,
    reference: 'TR-0042',
    steps: [
      activate(127, desktop('tern-cad-1', '1.1.0')),
      activate(133, desktop('tern-cad-2', '1.1.0')),
      renew(485),
      revoke(558, 'CANCELLED', 'Cancelled by the customer.'),
    ],
  },
  {
    license: 'tern draft again',
    customer: 'Tern Robotics',
    policy: 'draft',
    day: 559,
    reference: 'TR-0042-B',
    replaces: 'tern draft',
    steps: [activate(559, desktop('tern-cad-1')), activate(560, desktop('tern-cad-2'))],
  },
];

/** All licenses of Acme Tools: those with a story, and those that only begin, renew and end. */
export const licenseStories: readonly LicenseStory[] = [
  renderFarm,
  team,
  latePayer,
  abuse,
  wrongEnd,
  ...revokedByMistake,
  ...usualLicenses,
];
