import { useState } from 'react';
import { Button } from './button.tsx';
import { Failure } from './failure.tsx';

/**
 * A button that saves a text as a file. `read`: the text, when it is wanted. A failure stands next to the button, which tries again.
 */
export const Download = ({
  label,
  name,
  text,
  file,
}: {
  readonly label: string;
  /** What a screen reader says; absent: the label. */
  readonly name?: string;
  readonly text: string | (() => Promise<string>);
  readonly file: string;
}) => {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      saveText(typeof text === 'string' ? text : await text(), file);
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return (
    <>
      <Button kind="quiet" busy={isBusy} aria-label={name} onClick={() => void save()}>
        {label}
      </Button>
      {error !== null && <Failure error={error} />}
    </>
  );
};

const saveText = (text: string, file: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
};
