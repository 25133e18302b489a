import type { PermissionName } from '../../domain/permissions.ts';
import { texts } from '../texts/catalogue.ts';

const screens = [
  { to: '/$organizationId/customers', text: texts.shell.customers, needs: 'readLicenses' },
  { to: '/$organizationId/catalog', text: texts.shell.catalog, needs: 'readCatalog' },
  { to: '/$organizationId/activity', text: texts.shell.activity, needs: 'readEvents' },
  { to: '/$organizationId/people', text: texts.shell.people, needs: null },
] as const;

/** Returns the screens in the navigation that depend on the role. `may`: what the user may do. */
export const roleScreens = (may: (name: PermissionName) => boolean): readonly (typeof screens)[number][] =>
  screens.filter(({ needs }) => needs === null || may(needs));
