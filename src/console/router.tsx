import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import type { PermissionName } from '../domain/permissions.ts';
import { Failure } from './parts/failure.tsx';
import { Loading } from './parts/loading.tsx';
import { activityIn } from './screens/activity/activity-in-address.ts';
import { versionsIn } from './screens/catalog/versions-in-address.ts';
import { customersInAddress } from './screens/customers/customers-in-address.ts';
import { issuingIn } from './screens/issue/issuing-in-address.ts';
import { momentIn } from './screens/license/moment-in-address.ts';
import { filtersIn } from './screens/licenses/filters.ts';
import { Organizations, Start } from './screens/organizations.tsx';
import { proofIn } from './screens/proof/proof-in-address.ts';
import { refusalIn } from './screens/refusal/refusal-in-address.ts';
import type { saleScreens } from './screens/sale-screens.ts';
import { Gate } from './shell/gate.tsx';
import { Home } from './shell/home.tsx';
import { Layout } from './shell/layout.tsx';
import { texts } from './texts/catalogue.ts';

const NotFound = () => (
  <main>
    <h1>{texts.notFound.title}</h1>
    <Link to="/">{texts.notFound.back}</Link>
  </main>
);

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: ({ next }): { readonly next?: string } =>
    // Only a path of the console: a link must not lead a user who has just signed in to another site.
    typeof next === 'string' && /^\/(?![/\\])/.test(next) ? { next } : {},
  component: lazyRouteComponent(() => import('./screens/sign-in.tsx')),
});

const firstRun = createRoute({
  getParentRoute: () => root,
  path: '/first-run',
  component: lazyRouteComponent(() => import('./screens/first-run/first-run-screen.tsx')),
});

const gate = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Gate });
const start = createRoute({ getParentRoute: () => gate, path: '/', component: Start });
const organizations = createRoute({ getParentRoute: () => gate, path: '/organizations', component: Organizations });
const organization = createRoute({ getParentRoute: () => gate, path: '/$organizationId', component: Layout });

const home = createRoute({ getParentRoute: () => organization, path: '/', component: Home });

const licenses = createRoute({
  getParentRoute: () => organization,
  path: '/licenses',
  staticData: { needs: 'readLicenses' },
  validateSearch: filtersIn,
  component: lazyRouteComponent(() => import('./screens/licenses/licenses-screen.tsx')),
});

/** Returns a screen of the catalog or of issuing, which is loaded when it is opened first. */
const saleScreen = (name: keyof typeof saleScreens) =>
  lazyRouteComponent(async () => ({ default: (await import('./screens/sale-screens.ts')).saleScreens[name] }));

const newLicense = createRoute({
  getParentRoute: () => organization,
  path: '/licenses/new',
  staticData: { needs: 'readLicenses' },
  validateSearch: issuingIn,
  component: saleScreen('issue'),
});

const license = createRoute({
  getParentRoute: () => organization,
  path: '/licenses/$licenseId',
  staticData: { needs: 'readLicenses' },
  validateSearch: momentIn,
  component: lazyRouteComponent(() => import('./screens/license/license-screen.tsx')),
});

const catalog = createRoute({
  getParentRoute: () => organization,
  path: '/catalog',
  staticData: { needs: 'readCatalog' },
  component: saleScreen('catalog'),
});

const product = createRoute({
  getParentRoute: () => organization,
  path: '/catalog/products/$productId',
  staticData: { needs: 'readCatalog' },
  component: saleScreen('product'),
});

const newPolicy = createRoute({
  getParentRoute: () => organization,
  path: '/catalog/policies/new',
  staticData: { needs: 'readCatalog' },
  component: saleScreen('policyEditor'),
});

const policy = createRoute({
  getParentRoute: () => organization,
  path: '/catalog/policies/$policyId',
  staticData: { needs: 'readCatalog' },
  validateSearch: versionsIn,
  component: saleScreen('policy'),
});

const policyChange = createRoute({
  getParentRoute: () => organization,
  path: '/catalog/policies/$policyId/change',
  staticData: { needs: 'readCatalog' },
  component: saleScreen('policyEditor'),
});

const firstSteps = createRoute({
  getParentRoute: () => organization,
  path: '/first-steps',
  staticData: { needs: 'readCatalog' },
  component: saleScreen('firstSteps'),
});

const activity = createRoute({
  getParentRoute: () => organization,
  path: '/activity',
  staticData: { needs: 'readEvents' },
  validateSearch: activityIn,
  component: lazyRouteComponent(() => import('./screens/activity/activity-screen.tsx')),
});

const customers = createRoute({
  getParentRoute: () => organization,
  path: '/customers',
  staticData: { needs: 'readLicenses' },
  validateSearch: customersInAddress,
  component: lazyRouteComponent(() => import('./screens/customers/customers-screen.tsx')),
});

const customer = createRoute({
  getParentRoute: () => organization,
  path: '/customers/$holder',
  staticData: { needs: 'readLicenses' },
  component: lazyRouteComponent(() => import('./screens/customers/customer-screen.tsx')),
});

const proof = createRoute({
  getParentRoute: () => organization,
  path: '/proof',
  staticData: { needs: 'readLog' },
  validateSearch: proofIn,
  component: lazyRouteComponent(() => import('./screens/proof/proof-screen.tsx')),
});

const people = createRoute({
  getParentRoute: () => organization,
  path: '/people',
  component: lazyRouteComponent(() => import('./screens/people/people-screen.tsx')),
});

const why = createRoute({
  getParentRoute: () => organization,
  path: '/why',
  staticData: { needs: 'readLicenses' },
  validateSearch: refusalIn,
  component: lazyRouteComponent(() => import('./screens/refusal/refusal-screen.tsx')),
});

/** Creates the router of the console. Every address of it is below /console. */
export const createConsoleRouter = () =>
  createRouter({
    routeTree: root.addChildren([
      signIn,
      firstRun,
      gate.addChildren([
        start,
        organizations,
        organization.addChildren([
          home,
          ...[firstSteps, licenses, newLicense, license, why, customers, customer],
          ...[catalog, product, newPolicy, policy, policyChange, activity, proof, people],
        ]),
      ]),
    ]),
    basepath: '/console',
    defaultPendingComponent: Loading,
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
    scrollRestoration: true,
  });

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** What a user must be permitted to see the screen. Absent: everybody in the organization may see it. */
    readonly needs?: PermissionName;
  }
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
