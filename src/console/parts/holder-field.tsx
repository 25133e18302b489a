import type { ChangeEvent } from 'react';
import { useHolderName } from '../session/use-holder-name.ts';
import { texts } from '../texts/catalogue.ts';
import { TextField } from './field.tsx';

/** The longest id of an organization. */
const idLengthMax = 40;

/** A field for the id of a customer. Under it stands the name of the customer, as soon as the id is one of a customer. */
export const HolderField = ({
  label,
  hint,
  name,
  pattern,
  value,
  onChange,
}: {
  readonly label: string;
  readonly hint: string;
  readonly name?: string;
  readonly pattern?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) => {
  const holderName = useHolderName(value.trim());
  return (
    <TextField
      label={label}
      hint={holderName === null ? hint : texts.license.holderNamed(holderName)}
      name={name}
      pattern={pattern}
      maxLength={idLengthMax}
      autoComplete="off"
      spellCheck={false}
      value={value}
      onChange={({ currentTarget }: ChangeEvent<HTMLInputElement>) => onChange(currentTarget.value)}
    />
  );
};
