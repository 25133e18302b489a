import classes from './check-list.module.css';
import { CheckField } from './field.tsx';

/** A box of the list. `isDisabled`: it cannot be ticked. */
export type Choice = { readonly value: string; readonly text: string; readonly isDisabled?: boolean };

/** Boxes to tick under one label. `onChange` gets all values that are ticked, in the order of the choices. */
export const CheckList = ({
  label,
  hint,
  fault,
  choices,
  values,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly choices: readonly Choice[];
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
}) => {
  const toggle = (value: string, isOn: boolean) =>
    onChange(
      choices.flatMap((choice) =>
        (choice.value === value ? isOn : values.includes(choice.value)) ? [choice.value] : [],
      ),
    );
  return (
    <fieldset className={classes.list}>
      <legend className={classes.legend}>{label}</legend>
      {choices.map(({ value, text, isDisabled = false }) => (
        <CheckField
          key={value}
          label={text}
          checked={values.includes(value)}
          disabled={isDisabled}
          aria-invalid={fault !== undefined}
          onChange={({ currentTarget: { checked } }) => toggle(value, checked)}
        />
      ))}
      {hint !== undefined && <p className={classes.hint}>{hint}</p>}
      {fault !== undefined && (
        <p role="alert" className={classes.fault}>
          {fault}
        </p>
      )}
    </fieldset>
  );
};
