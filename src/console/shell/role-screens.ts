import type { PermissionName } from '../../domain/permissions.ts';
import { texts } from '../texts/catalogue.ts';

const screens = [
  { to: '/$organizationId/licenses', text: texts.shell.licenses, needs: 'readLicenses' },
  { to: '/$organizationId/why', text: texts.shell.why, needs: 'readLicenses' },
  { to: '/$organizationId/customers', text: texts.shell.customers, needs: 'readLicenses' },
  { to: '/$organizationId/catalog', text: texts.shell.catalog, needs: 'readCatalog' },
  { to: '/$organizationId/activity', text: texts.shell.activity, needs: 'readEvents' },
  { to: '/$organizationId/proof', text: texts.shell.proof, needs: 'readLog' },
  { to: '/$organizationId/people', text: texts.shell.people, needs: null },
] as const;

/** Returns the screens in the navigation that the user may see. `may`: what the user may do. */
export const roleScreens = (may: (name: PermissionName) => boolean): readonly (typeof screens)[number][] =>
  screens.filter(({ needs }) => needs === null || may(needs));
