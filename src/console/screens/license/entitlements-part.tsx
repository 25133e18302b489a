import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import { limitText } from '../../texts/license-texts.ts';
import type { License } from '../../types.ts';
import { GrantEntitlement, TakeBackEntitlement } from './change/entitlement-dialogs.tsx';
import { DialogButtons } from './dialog-buttons.tsx';

type Entitlement = License['entitlements'][number];
type Props = { readonly license: License; readonly mayChange: boolean };

const names = texts.entitlements;

/** The entitlements of a license, each with its source. `mayChange`: the user may grant and take back. */
export const EntitlementsPart = ({ license, mayChange }: Props) => {
  const grant = {
    label: changeTexts.entitlements.grant,
    dialog: (onClose: () => void) => <GrantEntitlement license={license} onClose={onClose} />,
  };
  return (
    <Part title={names.title}>
      {license.entitlements.length === 0 ? (
        <p>{names.none}</p>
      ) : (
        <EntitlementTable license={license} mayChange={mayChange} />
      )}
      <DialogButtons buttons={mayChange ? [grant] : []} />
    </Part>
  );
};

const EntitlementTable = ({ license, mayChange }: Props) => {
  const [leaving, setLeaving] = useState<Entitlement | null>(null);
  const action = changeTexts.entitlements.action;
  return (
    <>
      <PartTable caption={names.caption} columns={[...Object.values(names.columns), ...(mayChange ? [action] : [])]}>
        {license.entitlements.map((entitlement) => {
          const { code, value, limit, source, until, withheld, ended } = entitlement;
          return (
            <tr key={code}>
              <th scope="row">{code}</th>
              <td>{[value, limit === null ? null : limitText(limit)].filter((each) => each !== null).join(', ')}</td>
              <td>
                {[names.sources[source], withheld ? names.withheld : null, ended ? names.ended : null]
                  .filter((each) => each !== null)
                  .join(', ')}
              </td>
              <td>{until !== null && <Moment at={until} />}</td>
              {mayChange && (
                <td>
                  {source === 'grant' && (
                    <Button
                      kind="quiet"
                      aria-label={changeTexts.entitlements.takeOf(code)}
                      onClick={() => setLeaving(entitlement)}
                    >
                      {changeTexts.entitlements.take}
                    </Button>
                  )}
                </td>
              )}
            </tr>
          );
        })}
      </PartTable>
      {leaving !== null && (
        <TakeBackEntitlement license={license} entitlement={leaving} onClose={() => setLeaving(null)} />
      )}
    </>
  );
};
