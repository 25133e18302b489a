import { useState } from 'react';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import { Button } from '../../parts/button.tsx';
import { inZone } from '../../parts/dates.ts';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { License } from '../../types.ts';
import { CancelScheduled, ChangeExpiry, ChangeMaintenance, ChangeRenewal } from './change/term-dialogs.tsx';
import { DialogButtons } from './dialog-buttons.tsx';
import { useMayWithdraw } from './power.ts';
import { TermLinePicture } from './term-line-picture.tsx';

/** When a license is valid, with its graces and the changes that are announced. `at` null: now. */
export const TermPart = ({
  license,
  at,
  mayDo,
}: {
  readonly license: License;
  readonly at: string | null;
  readonly mayDo: (power: LicensePower) => boolean;
}) => {
  const { term, maintenanceUntil, scheduled } = license;
  const names = texts.term;
  const instant = (when: string | null, otherwise: string | null) =>
    when === null ? otherwise : <Moment at={when} withAge />;
  const mayChange = at === null && license.status !== 'REVOKED' && mayDo('changeLicenses');
  return (
    <Part title={names.title}>
      <TermLinePicture license={license} at={at} />
      <Facts
        facts={[
          [names.number, String(term.number)],
          [names.starts, instant(term.startsAt, names.open)],
          [names.ends, instant(term.expiresAt, term.awaits === null ? names.perpetual : names.open)],
          [names.graceUntil, instant(term.graceUntil, null)],
          [names.maintenance, instant(maintenanceUntil, null)],
          [names.renewal, names.renewals[term.renewal]],
          [names.announced, scheduled.length === 0 ? null : <Announced key="announced" license={license} at={at} />],
        ]}
      />
      <DialogButtons
        buttons={
          mayChange
            ? [
                {
                  label: changeTexts.expiry.change,
                  dialog: (onClose) => <ChangeExpiry license={license} onClose={onClose} />,
                },
                {
                  label: changeTexts.maintenance.change,
                  dialog: (onClose) => <ChangeMaintenance license={license} onClose={onClose} />,
                },
                {
                  label: changeTexts.renewal.change,
                  dialog: (onClose) => <ChangeRenewal license={license} onClose={onClose} />,
                },
              ]
            : []
        }
      />
    </Part>
  );
};

type Change = License['scheduled'][number];

/** The announced changes, each with a button to cancel it where the user may. */
const Announced = ({ license, at }: { readonly license: License; readonly at: string | null }) => {
  const mayWithdraw = useMayWithdraw(license);
  const [leaving, setLeaving] = useState<Change | null>(null);
  const names = changeTexts.scheduled;
  const nameOf = ({ kind }: Change) => texts.term.scheduled[kind];
  return (
    <>
      <ul>
        {license.scheduled.map((change) => (
          <li key={change.eventId}>
            {nameOf(change)}: <Moment at={change.effectiveAt} withAge />{' '}
            {at === null && mayWithdraw(change) && (
              <Button
                kind="quiet"
                aria-label={names.cancelOf(nameOf(change), inZone(change.effectiveAt))}
                onClick={() => setLeaving(change)}
              >
                {names.cancel}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {leaving !== null && <CancelScheduled license={license} change={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
};
