import { useState } from 'react';
import { useSession } from '../session/session-context.tsx';

/** Returns how to sign out, whether it runs, and why it failed. The gate then leads to the sign-in. */
export const useSignOut = () => {
  const session = useSession();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const leave = async () => {
    setBusy(true);
    setError(null);
    await session.signOut().catch(setError);
    setBusy(false);
  };
  return { isBusy, error, leave };
};
