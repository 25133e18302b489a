import { useState } from 'react';
import { texts } from '../texts/catalogue.ts';
import { Button } from './button.tsx';

/** A text with a button that copies it. */
export const Copyable = ({ text }: { readonly text: string }) => (
  <>
    <code>{text}</code> <CopyButton text={text} />
  </>
);

/** A button that copies a text. */
export const CopyButton = ({ text }: { readonly text: string }) => {
  const [state, setState] = useState<keyof typeof texts.copy>('do');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState('done');
    } catch {
      setState('failed');
    }
  };
  return (
    <Button kind="quiet" onClick={() => void copy()} aria-label={`${texts.copy[state]}: ${text}`}>
      {texts.copy[state]}
    </Button>
  );
};
