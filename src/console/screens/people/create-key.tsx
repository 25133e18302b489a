import { type FormEvent, useState } from 'react';
import { type Scope, scopes } from '../../../domain/organization/events.ts';
import { refuseScopes } from '../../../domain/organization/organization-authority.ts';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { CheckField, SelectField, TextField } from '../../parts/field.tsx';
import { useCommand } from '../../session/ledger.ts';
import { peopleTexts } from '../../texts/people-texts.ts';
import { codesIn, expiryIn } from './key-state.ts';
import classes from './people.module.css';
import { useStanding } from './people.ts';
import { scopeInWords } from './rights-in-words.ts';

const texts = peopleTexts.keys;

/** The days until a key expires, in the order of the choice. A record would sort its numbers first. */
const expiries = ['never', '30', '90', '365'] as const;

/** Creates an API key with the scopes that the role of the user covers. `onSecret` gets the secret, once. */
export const CreateKey = ({
  onClose,
  onSecret,
}: {
  readonly onClose: () => void;
  readonly onSecret: (name: string, secret: string) => void;
}) => {
  const create = useCommand('createApiKey');
  // One instant for each attempt: a command that is repeated without an answer must be the same.
  const [now] = useState(Date.now);
  const inputOf = (form: FormData) => ({
    body: {
      name: String(form.get('name')).trim(),
      scopes: scopesIn(form),
      expiresAt: expiryIn(form.get('expiry'), now),
      products: codesIn(form.get('products')),
    },
  });
  return (
    <CommandDialog
      title={texts.createTitle}
      confirm={texts.confirm}
      command={create}
      inputOf={inputOf}
      onClose={onClose}
      onDone={({ apiKey, secret }) => onSecret(apiKey.name, secret)}
    >
      <TextField
        label={peopleTexts.name}
        hint={texts.nameHint}
        name="name"
        autoComplete="off"
        required
        maxLength={200}
      />
      <ScopesField />
      <SelectField label={texts.expiry} name="expiry">
        {expiries.map((days) => (
          <option key={days} value={days}>
            {texts.expiries[days]}
          </option>
        ))}
      </SelectField>
      <TextField label={texts.productsLabel} hint={texts.productsHint} name="products" autoComplete="off" />
    </CommandDialog>
  );
};

const scopesIn = (form: FormData): Scope[] => {
  const chosen = form.getAll('scope');
  return scopes.filter((scope) => chosen.includes(scope));
};

/** The scopes that the user may give. The first box carries the complaint when none is checked. */
const ScopesField = () => {
  const standing = useStanding();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const givable = standing === null ? [] : scopes.filter((scope) => refuseScopes(standing, [scope]) === null);
  const complain = ({ currentTarget }: FormEvent<HTMLInputElement>) =>
    currentTarget.setCustomValidity(currentTarget.validity.valueMissing ? texts.noScope : '');
  const toggle = (scope: Scope) =>
    setChosen((before) => (before.includes(scope) ? before.filter((each) => each !== scope) : [...before, scope]));
  return (
    <fieldset className={classes.scopes}>
      <legend>{texts.scopes}</legend>
      {givable.map((scope, index) => (
        <CheckField
          key={scope}
          label={scope}
          hint={scopeInWords(scope)}
          name="scope"
          value={scope}
          checked={chosen.includes(scope)}
          required={index === 0 && chosen.length === 0}
          onInvalid={complain}
          onChange={({ currentTarget }) => {
            for (const box of currentTarget.form?.querySelectorAll<HTMLInputElement>('[name="scope"]') ?? [])
              box.setCustomValidity('');
            toggle(scope);
          }}
        />
      ))}
    </fieldset>
  );
};
