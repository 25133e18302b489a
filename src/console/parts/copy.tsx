import { useState } from 'react';
import { texts } from '../texts/catalogue.ts';
import { Button } from './button.tsx';

/** A text with a button that copies it. */
export const Copyable = ({ text }: { readonly text: string }) => {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
  };
  return (
    <>
      <code>{text}</code>{' '}
      <Button
        kind="quiet"
        onClick={() => void copy()}
        aria-label={`${isDone ? texts.copy.done : texts.copy.do}: ${text}`}
      >
        {isDone ? texts.copy.done : texts.copy.do}
      </Button>
    </>
  );
};
