import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { useSignOut } from '../shell/use-sign-out.ts';
import { texts } from '../texts/catalogue.ts';
import { SignInForm } from './sign-in-form.tsx';

/** Asks for the password when the session has ended while a page is open. The page and its forms stay as they are. */
export const SignInAgain = ({ email }: { readonly email: string }) => {
  const { isBusy, error, leave } = useSignOut();
  return (
    <Dialog title={texts.signIn.title}>
      <p>{texts.signIn.expired}</p>
      <SignInForm email={email} />
      <Button kind="quiet" busy={isBusy} onClick={() => void leave()}>
        {texts.signIn.other}
      </Button>
      {error !== null && <Failure error={error} onRetry={leave} />}
    </Dialog>
  );
};
