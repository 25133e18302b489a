import type { Page } from 'playwright-core';

/** A license of the demo, as the API has it. */
export type DemoLicense = {
  readonly id: string;
  readonly holderOrganizationId: string | null;
  readonly policy: { readonly id: string };
};

/** What the addresses of the screens need from the demo. */
export type Places = {
  readonly organizationId: string;
  /** Returns the end of a day of the demo, 0 for its first one. */
  readonly endOf: (day: number) => string;
  /** Returns the license with this reference. */
  readonly license: (reference: string) => Promise<DemoLicense>;
};

/** A picture of a screen. A new screen needs one more row in `screens`. */
export type Screen = {
  /** The name of the file in docs/console. */
  readonly name: string;
  /** The address below /console. */
  readonly path: (places: Places) => string | Promise<string>;
  /** A text that shows that the screen is complete. */
  readonly shows: string | RegExp;
  /** What a user does before the picture. */
  readonly act?: (page: Page) => Promise<unknown>;
  /** Default: 1280 wide and light. */
  readonly look?: 'dark' | 'narrow';
  /** True: the screen is that of a user who has not signed in. */
  readonly signedOut?: true;
};

const licenses =
  (search: string) =>
  ({ organizationId }: Places) =>
    `/${organizationId}/licenses${search}`;
const license = (reference: string) => async (places: Places) =>
  `/${places.organizationId}/licenses/${(await places.license(reference)).id}`;
const screen =
  (path: string) =>
  ({ organizationId }: Places) =>
    `/${organizationId}/${path}`;
/** The screen about something of the license with this reference. */
const screenOf = (reference: string, path: (license: DemoLicense) => string) => async (places: Places) =>
  `/${places.organizationId}/${path(await places.license(reference))}`;

const checkpointNow = async (page: Page) => {
  await page.getByRole('button', { name: 'Get a checkpoint now' }).click();
  await page.getByText('The newest checkpoint has').waitFor();
};

/** Verifies the newest checkpoint with the key that the page shows, and scrolls to the result. */
const verifyCheckpoint = async (page: Page) => {
  await checkpointNow(page);
  const files = [await savedBy(page, /^Download: checkpoint/), await savedBy(page, 'Download the keys')];
  await page.getByLabel('Files', { exact: true }).setInputFiles(files);
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByRole('heading', { name: 'Proved', exact: true }).scrollIntoViewIfNeeded();
};

const savedBy = async (page: Page, name: string | RegExp) => {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name }).first().click(),
  ]);
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(Buffer.from(part));
  return { name: download.suggestedFilename(), mimeType: 'text/plain', buffer: Buffer.concat(parts) };
};

/** All pictures, in the order in which they are taken. */
export const screens: readonly Screen[] = [
  { name: 'sign-in', path: () => '/sign-in', shows: 'Sign in', signedOut: true },
  { name: 'organizations', path: () => '/organizations', shows: 'Acme Tools' },
  { name: 'licenses', path: licenses(''), shows: /\d licenses/ },
  { name: 'licenses-dark', path: licenses('?ends=30'), shows: /\d licenses/, look: 'dark' },
  { name: 'licenses-narrow', path: licenses(''), shows: /\d licenses/, look: 'narrow' },
  {
    name: 'find',
    path: licenses(''),
    shows: /\d licenses/,
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByRole('textbox').fill('HAL');
      await page.getByRole('dialog').getByRole('link').first().waitFor();
    },
  },
  { name: 'license', path: license('BW-2031'), shows: 'The license was issued.' },
  { name: 'license-suspended', path: license('QC-118'), shows: 'The license was issued.' },
  { name: 'license-narrow', path: license('QC-118'), shows: 'The license was issued.', look: 'narrow' },
  {
    name: 'suspend',
    path: license('HAL-0007'),
    shows: 'The license was issued.',
    act: (page) => page.getByRole('button', { name: 'Suspend' }).click(),
  },
  {
    name: 'time',
    // On this day its end is wrong, and on the next one it is corrected.
    path: async (places) => `${await license('OAK-LAB-1')(places)}?at=${places.endOf(600)}`,
    shows: 'You see the license as it was',
    act: (page) => page.getByText('Different from now').click(),
  },
  {
    name: 'limits',
    path: license('HAL-0007'),
    shows: 'The license was issued.',
    act: (page) => page.getByRole('button', { name: 'Change limits' }).click(),
  },
  {
    name: 'why',
    path: screenOf('QC-118', ({ id }) => `why?license=${id}`),
    shows: 'Why was it refused?',
    act: async (page) => {
      await page.getByRole('button', { name: 'Explain', exact: true }).first().click();
      await page.getByRole('heading', { name: 'Answer' }).waitFor();
    },
  },
  { name: 'issue', path: screen('licenses/new'), shows: 'Issue a license' },
  { name: 'catalog', path: screen('catalog'), shows: 'Add a policy' },
  { name: 'policy', path: screenOf('BW-2031', ({ policy }) => `catalog/policies/${policy.id}`), shows: 'Versions' },
  { name: 'customers', path: screen('customers'), shows: 'Holders of your licenses' },
  {
    name: 'customer',
    path: screenOf('OAK-LAB-1', ({ holderOrganizationId: id }) => `customers/${id}`),
    shows: 'In use',
  },
  { name: 'activity', path: screen('activity'), shows: 'Live: new events appear by themselves.' },
  { name: 'proof', path: screen('proof'), shows: 'Get a checkpoint now', act: checkpointNow },
  { name: 'proof-verified', path: screen('proof'), shows: 'Get a checkpoint now', act: verifyCheckpoint, look: 'dark' },
  { name: 'proof-narrow', path: screen('proof'), shows: 'Get a checkpoint now', act: checkpointNow, look: 'narrow' },
  { name: 'people', path: screen('people'), shows: 'Members' },
  { name: 'people-narrow', path: screen('people'), shows: 'Members', look: 'narrow' },
  { name: 'first-run', path: () => '/first-run', shows: 'Create your organization', signedOut: true },
  { name: 'first-steps', path: screen('first-steps'), shows: 'First steps' },
  { name: 'license-dark', path: license('WEB-5512'), shows: /was revoked/, look: 'dark' },
];
