import { Button } from './button.tsx';
import { Copyable } from './copy.tsx';
import classes from './dialog.module.css';
import { Dialog, DialogActions } from './dialog.tsx';

/** Shows a secret until its button closes the dialog. A click outside must not lose the secret. */
export const SecretDialog = ({
  title,
  text,
  secret,
  close,
  onClose,
}: {
  readonly title: string;
  readonly text: string;
  readonly secret: string;
  readonly close: string;
  readonly onClose: () => void;
}) => (
  <Dialog title={title}>
    <p>{text}</p>
    <p className={classes.secret}>
      <Copyable text={secret} />
    </p>
    <DialogActions>
      <Button kind="primary" onClick={onClose}>
        {close}
      </Button>
    </DialogActions>
  </Dialog>
);
