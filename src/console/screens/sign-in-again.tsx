import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { useSession } from '../session/session-context.tsx';
import { texts } from '../texts/catalogue.ts';
import { SignInForm } from './sign-in-form.tsx';

/** Asks for the password when the session has ended while a page is open. The page and its forms stay as they are. */
export const SignInAgain = ({ email }: { readonly email: string }) => {
  const session = useSession();
  return (
    <Dialog title={texts.signIn.title}>
      <p>{texts.signIn.expired}</p>
      <SignInForm email={email} />
      <Button kind="quiet" onClick={() => void session.signOut().catch(() => undefined)}>
        {texts.signIn.other}
      </Button>
    </Dialog>
  );
};
