import { useState } from 'react';
import { SelectField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { SecretDialog } from '../../parts/secret-dialog.tsx';
import { useCommand } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { License } from '../../types.ts';
import { consequencesOfRotation, type Rotation } from './change/change-consequences.ts';
import { Consequences } from './change/consequences-list.tsx';
import { ReasonFields } from './change/reason-fields.tsx';
import { reasonIn } from './change/reasons.ts';
import { Confirmation } from './confirmation.tsx';
import { DialogButtons } from './dialog-buttons.tsx';

const names = changeTexts.keys;
const causes = ['ROUTINE', 'LOST', 'LEAKED', 'ADMIN'] as const;

/** The key of a license by its end, and the earlier keys that still work. `mayRotate`: the user may replace them. */
export const KeysPart = ({ license, mayRotate }: { readonly license: License; readonly mayRotate: boolean }) => {
  const { keyHint, keyVersion, keyOverlaps } = license;
  const rotate = {
    label: names.rotate,
    dialog: (onClose: () => void) => <RotateKey license={license} onClose={onClose} />,
  };
  const end = { label: names.end, dialog: (onClose: () => void) => <EndOverlap license={license} onClose={onClose} /> };
  return (
    <Part title={names.title}>
      <Facts
        facts={[
          [names.current, keyHint === null ? names.none : texts.license.keyText(keyHint, keyVersion)],
          [
            names.earlier,
            keyOverlaps.length === 0 ? null : (
              <ul key="overlaps">
                {keyOverlaps.map((overlap) => (
                  <li key={overlap.keyVersion}>
                    {names.overlap(overlap.keyVersion)} <Moment at={overlap.until} withAge />
                  </li>
                ))}
              </ul>
            ),
          ],
        ]}
      />
      <DialogButtons buttons={mayRotate ? [rotate, ...(keyOverlaps.length === 0 ? [] : [end])] : []} />
    </Part>
  );
};

type Props = { readonly license: License; readonly onClose: () => void };

/** Replaces the key of a license. The dialog then shows the new key, once. */
const RotateKey = ({ license, onClose }: Props) => {
  const rotate = useCommand('rotateLicenseKey');
  const [draft, setDraft] = useState<Rotation>({ overlapSeconds: 0, cause: 'ROUTINE' });
  const [now] = useState(() => new Date().toISOString());
  const key = rotate.data?.licenseKey;
  if (key !== undefined) return <NewKey licenseKey={key} onClose={onClose} />;
  return (
    <Confirmation
      license={license}
      title={names.rotateTitle}
      confirm={names.rotate}
      command={rotate}
      onDraft={(form) => setDraft(rotationIn(form))}
      inputOf={(form) => ({ params: { licenseId: license.id }, body: { ...rotationIn(form), ...reasonIn(form) } })}
      onDone={() => undefined}
      onClose={onClose}
    >
      <p>{names.rotateText}</p>
      <SelectField label={names.cause} name="cause">
        {causes.map((cause) => (
          <option key={cause} value={cause}>
            {names.causes[cause]}
          </option>
        ))}
      </SelectField>
      <SelectField label={names.overlapLabel} name="overlap">
        {Object.entries(names.overlaps).map(([seconds, text]) => (
          <option key={seconds} value={seconds}>
            {text}
          </option>
        ))}
      </SelectField>
      <Consequences sentences={consequencesOfRotation(license, draft, now)} />
      <ReasonFields />
    </Confirmation>
  );
};

const rotationIn = (form: FormData) => ({
  cause: causes.find((cause) => cause === form.get('cause')) ?? 'ROUTINE',
  overlapSeconds: Number(form.get('overlap')),
});

/** Shows a new key, once. */
export const NewKey = ({ licenseKey, onClose }: { readonly licenseKey: string; readonly onClose: () => void }) => (
  <SecretDialog title={names.newTitle} text={names.newText} secret={licenseKey} close={names.close} onClose={onClose} />
);

const EndOverlap = ({ license, onClose }: Props) => {
  const end = useCommand('endKeyOverlap');
  return (
    <Confirmation
      license={license}
      title={names.endTitle}
      confirm={names.end}
      isDangerous
      command={end}
      inputOf={(form) => ({ params: { licenseId: license.id }, body: reasonIn(form) })}
      onClose={onClose}
    >
      <p>{names.endText}</p>
      <ReasonFields />
    </Confirmation>
  );
};
