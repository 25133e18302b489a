import { useState } from 'react';
import { SelectField } from '../../../parts/field.tsx';
import { HolderField } from '../../../parts/holder-field.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import { NewKey } from '../keys-part.tsx';
import { ReasonFields } from './reason-fields.tsx';
import { reasonIn } from './reasons.ts';

const names = changeTexts.transfer;

/** Transfers a license to another customer. When that makes a new key, the dialog shows it once. */
export const Transfer = ({ license, onClose }: { readonly license: License; readonly onClose: () => void }) => {
  const transfer = useCommand('transferLicense');
  const [holderId, setHolderId] = useState(license.holderOrganizationId ?? '');
  const key = transfer.data?.licenseKey ?? null;
  if (key !== null) return <NewKey licenseKey={key} onClose={onClose} />;
  const inputOf = (form: FormData) => {
    const holder = holderId.trim();
    return {
      params: { licenseId: license.id },
      body: {
        toHolderOrganizationId: holder === '' ? null : holder,
        activations: form.get('activations') === 'KEEP' ? ('KEEP' as const) : ('RELEASE' as const),
        ...reasonIn(form),
      },
    };
  };
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      isDangerous
      command={transfer}
      inputOf={inputOf}
      // A transfer that made a key stays open to show it.
      onDone={({ licenseKey }) => licenseKey === null && onClose()}
      onClose={onClose}
    >
      <p>{names.text}</p>
      <HolderField
        label={names.to}
        hint={names.toHint}
        name="holder"
        pattern="\s*org_[0-7][0-9a-hjkmnp-tv-z]{25}\s*"
        value={holderId}
        onChange={setHolderId}
      />
      <SelectField label={names.uses} name="activations">
        {(['RELEASE', 'KEEP'] as const).map((value) => (
          <option key={value} value={value}>
            {names.kept[value]}
          </option>
        ))}
      </SelectField>
      <ReasonFields />
    </Confirmation>
  );
};
