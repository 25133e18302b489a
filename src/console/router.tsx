import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { Failure } from './parts/failure.tsx';
import { Loading } from './parts/loading.tsx';
import { momentIn } from './screens/license/moment-in-address.ts';
import { filtersIn } from './screens/licenses/filters.ts';
import { Organizations, Start } from './screens/organizations.tsx';
import { refusalIn } from './screens/refusal/refusal-in-address.ts';
import { Gate } from './shell/gate.tsx';
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

const gate = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Gate });
const start = createRoute({ getParentRoute: () => gate, path: '/', component: Start });
const organizations = createRoute({ getParentRoute: () => gate, path: '/organizations', component: Organizations });
const organization = createRoute({ getParentRoute: () => gate, path: '/$organizationId', component: Layout });

const licenses = createRoute({
  getParentRoute: () => organization,
  path: '/licenses',
  validateSearch: filtersIn,
  component: lazyRouteComponent(() => import('./screens/licenses/licenses-screen.tsx')),
});

const license = createRoute({
  getParentRoute: () => organization,
  path: '/licenses/$licenseId',
  validateSearch: momentIn,
  component: lazyRouteComponent(() => import('./screens/license/license-screen.tsx')),
});

const why = createRoute({
  getParentRoute: () => organization,
  path: '/why',
  validateSearch: refusalIn,
  component: lazyRouteComponent(() => import('./screens/refusal/refusal-screen.tsx')),
});

/** Creates the router of the console. Every address of it is below /console. */
export const createConsoleRouter = () =>
  createRouter({
    routeTree: root.addChildren([
      signIn,
      gate.addChildren([start, organizations, organization.addChildren([licenses, license, why])]),
    ]),
    basepath: '/console',
    defaultPendingComponent: Loading,
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
    scrollRestoration: true,
  });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
