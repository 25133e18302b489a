import { useState } from 'react';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { useCommand, useUnchangedCommand } from '../../session/ledger.ts';
import { peopleTexts } from '../../texts/people-texts.ts';
import type { ApiKey } from '../../types.ts';

const texts = peopleTexts.keys;

type Props = { readonly apiKey: ApiKey; readonly onClose: () => void };

/** Gives an API key another name. */
export const RenameKey = ({ apiKey: current, onClose }: Props) => {
  // The form began with this. What a colleague saves meanwhile must not be replaced unseen.
  const [apiKey] = useState(current);
  const params = { apiKeyId: apiKey.id };
  const rename = useUnchangedCommand('changeApiKey', {
    read: 'getApiKey',
    input: { params },
    state: apiKey,
    partOf: ({ name }) => name,
  });
  const inputOf = (form: FormData) => {
    const name = String(form.get('name')).trim();
    if (name !== apiKey.name) return { params, body: { name } };
    onClose();
    return null;
  };
  return (
    <CommandDialog
      title={texts.renameTitle}
      confirm={texts.rename}
      command={rename}
      inputOf={inputOf}
      onClose={onClose}
    >
      <TextField
        label={peopleTexts.name}
        name="name"
        defaultValue={apiKey.name}
        autoComplete="off"
        required
        maxLength={200}
      />
    </CommandDialog>
  );
};

/** The seconds that the previous secret still works, in the order of the choice. */
const overlaps = ['86400', '3600', '604800', '0'] as const;

/** Replaces the secret of an API key. `onSecret` gets the new one, once. */
export const RotateKey = ({
  apiKey: { id: apiKeyId, name },
  onClose,
  onSecret,
}: Props & { readonly onSecret: (name: string, secret: string) => void }) => {
  const rotate = useCommand('rotateApiKey');
  return (
    <CommandDialog
      title={texts.rotateTitle}
      confirm={texts.rotate}
      command={rotate}
      inputOf={(form) => ({ params: { apiKeyId }, body: { overlapSeconds: Number(form.get('overlap')) } })}
      onClose={onClose}
      onDone={({ secret }) => onSecret(name, secret)}
    >
      <p>{name}</p>
      <p>{texts.rotateText}</p>
      <SelectField label={texts.overlapLabel} name="overlap">
        {overlaps.map((seconds) => (
          <option key={seconds} value={seconds}>
            {texts.overlaps[seconds]}
          </option>
        ))}
      </SelectField>
    </CommandDialog>
  );
};

/** Ends the secret before the last rotation. */
export const EndOverlap = ({ apiKey: { id: apiKeyId, name }, onClose }: Props) => {
  const end = useCommand('endApiKeyOverlap');
  return (
    <CommandDialog
      title={texts.endOverlapTitle}
      confirm={texts.endOverlap}
      isDangerous
      command={end}
      inputOf={() => ({ params: { apiKeyId } })}
      onClose={onClose}
    >
      <p>{name}</p>
      <p>{texts.endOverlapText}</p>
    </CommandDialog>
  );
};

/** Revokes an API key for good. */
export const RevokeKey = ({ apiKey: { id: apiKeyId, name }, onClose }: Props) => {
  const revoke = useCommand('revokeApiKey');
  return (
    <CommandDialog
      title={texts.revokeTitle}
      confirm={texts.revoke}
      isDangerous
      command={revoke}
      inputOf={() => ({ params: { apiKeyId } })}
      onClose={onClose}
    >
      <p>{name}</p>
      <p>{texts.revokeText}</p>
    </CommandDialog>
  );
};
