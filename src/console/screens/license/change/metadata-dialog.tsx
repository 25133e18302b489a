import type { InputOf } from '@license-ledger/client';
import { useState } from 'react';
import { AreaField } from '../../../parts/area-field.tsx';
import { TextField } from '../../../parts/field.tsx';
import { useUnchangedCommand } from '../../../session/ledger.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import { metadataIn } from './metadata-in-text.ts';

type Body = NonNullable<InputOf<'changeLicense'>['body']>;

const names = changeTexts.metadata;

/** Edits the reference and the metadata of a license. */
export const EditMetadata = ({
  license: current,
  onClose,
}: {
  readonly license: License;
  readonly onClose: () => void;
}) => {
  // The form began with this. What a colleague saves meanwhile must not be replaced unseen.
  const [license] = useState(current);
  const change = useUnchangedCommand('changeLicense', {
    read: 'getLicense',
    input: { params: { licenseId: license.id } },
    state: license,
    partOf: ({ externalRef, metadata }, { body }) => [
      body?.externalRef === undefined ? null : externalRef,
      body?.metadata === undefined ? null : metadata,
    ],
  });
  const [isBad, setBad] = useState(false);
  const inputOf = (form: FormData) => {
    const metadata = metadataIn(String(form.get('metadata')));
    setBad(metadata === null);
    if (metadata === null) return null;
    const reference = String(form.get('reference')).trim();
    const externalRef = reference === '' ? null : reference;
    // Only what differs, so that a colleague's change of the other one stays.
    const body: Body = {
      ...(externalRef === license.externalRef ? {} : { externalRef }),
      ...(JSON.stringify(metadata) === JSON.stringify(license.metadata) ? {} : { metadata }),
    };
    if (Object.keys(body).length > 0) return { params: { licenseId: license.id }, body };
    onClose();
    return null;
  };
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.save}
      command={change}
      inputOf={inputOf}
      onDraft={() => setBad(false)}
      onClose={onClose}
    >
      <TextField
        label={names.reference}
        hint={names.referenceHint}
        name="reference"
        defaultValue={license.externalRef ?? ''}
        maxLength={200}
        autoComplete="off"
      />
      <AreaField
        label={names.metadata}
        hint={names.metadataHint}
        fault={isBad ? names.bad : undefined}
        name="metadata"
        rows={8}
        spellCheck={false}
        defaultValue={JSON.stringify(license.metadata, null, 2)}
      />
    </Confirmation>
  );
};
