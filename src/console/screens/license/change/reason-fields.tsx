import { useId } from 'react';
import { TextField } from '../../../parts/field.tsx';
import { texts } from '../../../texts/catalogue.ts';
import { suggestedCodes } from './reasons.ts';

/** A note for the history. */
export const Note = () => (
  <TextField label={texts.actions.note} hint={texts.actions.noteHint} name="note" maxLength={500} />
);

/** The reason of a command: a code, with suggestions, and a note. */
export const ReasonFields = ({ isRequired = false }: { readonly isRequired?: boolean }) => {
  const id = useId();
  const names = texts.actions;
  return (
    <>
      <TextField
        label={names.code}
        hint={names.codeHint}
        name="code"
        list={id}
        required={isRequired}
        maxLength={50}
        autoComplete="off"
      />
      <datalist id={id}>
        {suggestedCodes.map((code) => (
          <option key={code} value={code} />
        ))}
      </datalist>
      <Note />
    </>
  );
};
