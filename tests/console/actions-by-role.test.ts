import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Role, roles } from '../../src/domain/organization/events.ts';
import { expected } from '../api/authorization/expected.ts';
import type { Ledger } from '../support/ledger.ts';
import { pageComplaints } from '../support/page-complaints.ts';
import { createConsoleUser, hasBrowser, openConsole, shareConsole } from './in-browser.ts';
import { createSample, type SampleScreens } from './sample-screens.ts';

/** A button or link by the beginning of its name, and the operations that it may lead to. */
type Actions = Readonly<Record<string, readonly string[]>>;

const suspensions = ['PAYMENT', 'CUSTOMER_REQUEST', 'another reason'].map((reason) => `suspendLicense: for ${reason}`);

const actionsOf = (screens: SampleScreens): Readonly<Record<string, Actions>> => ({
  licenses: { 'Issue a license': ['issueLicense'] },
  'licenses/new': { Issue: ['issueLicense'] },
  [screens.license]: {
    Renew: ['renewLicense'],
    Suspend: suspensions,
    Revoke: ['revokeLicense'],
    'Edit reference and metadata': ['changeLicense'],
    'Change products': ['changeLicenseProducts'],
    'Change policy': ['changeLicensePolicy'],
    Transfer: ['transferLicense'],
    'Change the end': ['changeLicenseExpiry'],
    'Change maintenance': ['changeLicenseMaintenance'],
    'Change renewal': ['setLicenseRenewal'],
    'Change limits': ['changeLicenseLimits'],
    'Grant an entitlement': ['changeLicenseEntitlements'],
    'New key': ['rotateLicenseKey'],
    'Assign a user': ['assignLicenseUser'],
    'Unassign ': ['unassignLicenseUser'],
    'Release Laptop': ['releaseActivation'],
    'Replace Laptop': ['swapActivation'],
    'Release the seat': ['releaseLicenseLease'],
    'Set exports to zero': ['resetUsage'],
  },
  [screens.trial]: { 'Convert to paid': ['convertTrial'] },
  [screens.suspended]: { Reinstate: ['reinstateLicense: from another reason'] },
  catalog: { 'Add a product': ['createProduct'], 'Add a policy': ['createPolicy'] },
  [screens.product]: {
    Change: ['changeProduct'],
    Archive: ['archiveProduct'],
    'Publish a release': ['publishRelease'],
    'Withdraw 1.0.0': ['withdrawRelease'],
  },
  [screens.policy]: { Change: ['changePolicy'], Archive: ['archivePolicy'], 'Issue a license': ['issueLicense'] },
  'catalog/policies/new': { Save: ['createPolicy'] },
  customers: {
    'Accept: Stranger Tools': ['acceptLicenseOffer'],
    'Decline: Stranger Tools': ['declineLicenseOffer'],
    'Block: ': ['blockIssuer'],
    'Forget: ': ['forgetIssuer'],
    'Decide about an issuer': ['trustIssuer', 'blockIssuer'],
  },
  people: {
    'Invite a person': ['inviteMember'],
    'Change role: ': ['changeMember'],
    'Remove: ': ['removeMember'],
    'Create an API key': ['createApiKey'],
    'Rename: Build server': ['changeApiKey'],
    'Rotate: Build server': ['rotateApiKey'],
    'Revoke: Build server': ['revokeApiKey'],
    // It has scopes beyond the role of a developer.
    'Rotate: test': ['changeApiKey: to every scope'],
  },
  activity: { 'Only this license': ['listEvents'], 'Proof: ': ['createCheckpoint'] },
  proof: { 'Get a checkpoint now': ['createCheckpoint'], Save: ['changeOrganization'] },
});

/** The operation that a screen needs, by the beginning of its address. */
const readOf: Readonly<Record<string, string>> = {
  licenses: 'listLicenses',
  catalog: 'listProducts',
  customers: 'listLicenses',
  activity: 'listEvents',
  proof: 'createCheckpoint',
};

/** The links of the navigation, and the operation that each needs. */
const navigation = [
  ['Licenses', 'listLicenses'],
  ['Why refused?', 'listLicenses'],
  ['Customers', 'listLicenses'],
  ['Catalog', 'listProducts'],
  ['Activity', 'listEvents'],
  ['Proof', 'createCheckpoint'],
  ['People and keys', 'me'],
] as const;

// tests/api/authorization proves that the server refuses each of these operations to every other role.
const mayDo = (role: Role, operation: string): boolean => {
  const rule = expected[operation];
  if (rule === undefined || !('own' in rule)) throw new Error(`There is no rule for ${operation}.`);
  return rule.own.roles.includes(role);
};

describe.runIf(hasBrowser)('The console shows an action only to a role whose request the server accepts:', () => {
  let ledger: Ledger;
  let browser: Browser;
  let screens: SampleScreens;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    screens = await createSample(ledger);
  }, 240_000);

  const visit = async (page: Page, screen: string) => {
    await page.goto(`${ledger.baseUrl}/console/${ledger.a.organizationId}/${screen}`);
    await page.locator('main').waitFor();
    await expect.poll(() => page.getByText('Loading …').count(), { timeout: 60_000 }).toBe(0);
  };
  /** Returns which of these begin the name of a button or of a link in the content. */
  const shownOf = async (page: Page, names: readonly string[]) => {
    const visible = await page
      .locator('main button, main a')
      .evaluateAll((elements) => elements.map((element) => element.getAttribute('aria-label') ?? element.textContent));
    return names.filter((name) => visible.some((text) => text.startsWith(name)));
  };

  test.each(roles.map((role) => [role]))('%s', { timeout: 600_000 }, async (role) => {
    const { organizationId } = ledger.a;
    const user = await createConsoleUser(ledger, [{ organizationId, role }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/people`, { user });
    for (const [screen, actions] of Object.entries(actionsOf(screens))) {
      await visit(page, screen);
      const allowed = Object.keys(actions).filter((name) => actions[name]?.some((operation) => mayDo(role, operation)));
      expect([screen, await shownOf(page, Object.keys(actions))]).toEqual([screen, allowed]);
      // No screen asks for what the role may not read, also when its address was typed.
      expect([screen, pageComplaints]).toEqual([screen, []]);
      const read = readOf[screen.split('/')[0] ?? ''];
      const isOfRole = read === undefined || mayDo(role, read);
      expect([screen, await page.getByText('Your role may not see this page.').count()]).toEqual([
        screen,
        isOfRole ? 0 : 1,
      ]);
    }
    const links = await page.getByRole('navigation').getByRole('link').allInnerTexts();
    expect(links).toEqual(navigation.filter(([, read]) => read === 'me' || mayDo(role, read)).map(([link]) => link));
    expect(await page.getByRole('button', { name: 'Find' }).count()).toBe(mayDo(role, 'searchLicenses') ? 1 : 0);
    await context.close();
  });
});
