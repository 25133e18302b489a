import './design/tokens.css';
import './design/base.css';
import { LedgerProblem } from '@license-ledger/client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { createConsoleRouter } from './router.tsx';
import { createSession } from './session/session.ts';
import { SessionProvider } from './session/session-context.tsx';

const reloadedKey = 'ledger-reloaded';
const reloadPauseMs = 60_000;

const session = createSession(location.origin);
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // The client has already repeated what may succeed later. A refusal stays one.
      retry: (count, error) => !(error instanceof LedgerProblem) && count < 1,
      // Without a network a request fails, and the page says so. It must not wait for ever, nor be sent later.
      networkMode: 'always',
      refetchOnReconnect: true,
    },
    mutations: { networkMode: 'always' },
  },
});
// A user who signs in after another one must see nothing of theirs.
let userId: string | null = null;
session.subscribe(() => {
  const state = session.state();
  const next = 'user' in state ? state.user.id : null;
  if (next !== userId) queries.clear();
  userId = next;
});
// The console was built again, and a screen that was not loaded yet is gone. Once, so that no page reloads for ever.
window.addEventListener('vite:preloadError', () => {
  const last = Number(sessionStorage.getItem(reloadedKey) ?? 0);
  if (!navigator.onLine || Date.now() - last < reloadPauseMs) return;
  sessionStorage.setItem(reloadedKey, String(Date.now()));
  location.reload();
});
const router = createConsoleRouter();

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element with the id root.');
createRoot(root).render(
  <SessionProvider session={session}>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </SessionProvider>,
);
