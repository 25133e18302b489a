import type { EntryOf } from '@license-ledger/client';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { License } from '../../types.ts';
import { ReasonFields } from './change/reason-fields.tsx';
import { reasonIn } from './change/reasons.ts';
import { Confirmation } from './confirmation.tsx';
import classes from './license.module.css';

/** A floating seat that is taken. */
export type Seat = EntryOf<'listLeases'>;

const names = changeTexts.seats;

/** The floating seats that are taken now. `mayRelease`: the user may end one. */
export const SeatsPart = ({ license, mayRelease }: { readonly license: License; readonly mayRelease: boolean }) => {
  const pages = usePages('listLeases', { params: { licenseId: license.id } });
  return (
    <Part title={names.title}>
      <Paged pages={pages} empty={names.none} more={names.more}>
        {(seats) => <SeatTable license={license} seats={seats} mayRelease={mayRelease} />}
      </Paged>
    </Part>
  );
};

/** Seats with a button to release each. */
export const SeatTable = ({
  license,
  seats,
  mayRelease,
}: {
  readonly license: License;
  readonly seats: readonly Seat[];
  readonly mayRelease: boolean;
}) => {
  const [leaving, setLeaving] = useState<Seat | null>(null);
  const { action, ...columns } = names.columns;
  return (
    <>
      <PartTable
        isStacked
        caption={names.caption}
        columns={[...Object.values(columns), ...(mayRelease ? [action] : [])]}
      >
        {seats.map((seat) => (
          <tr key={seat.id}>
            <th scope="row">
              {nameOf(seat)} <span className={classes.soft}>{noteOf(seat)}</span>
            </th>
            <td data-label={columns.since}>
              <Moment at={seat.since} withAge />
            </td>
            <td data-label={columns.until}>
              <Moment at={seat.until} withAge />
            </td>
            <td data-label={columns.user}>{seat.user}</td>
            {mayRelease && (
              <td>
                {!seat.released && (
                  <Button kind="quiet" aria-label={names.releaseOf(nameOf(seat))} onClick={() => setLeaving(seat)}>
                    {names.release}
                  </Button>
                )}
              </td>
            )}
          </tr>
        ))}
      </PartTable>
      {leaving !== null && <ReleaseSeat license={license} seat={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
};

const nameOf = ({ holder, id }: Seat): string => holder ?? id;

const noteOf = ({ scope, product, borrowed, released }: Seat): string =>
  [names.scopes[scope], product, borrowed ? names.borrowed : null, released ? names.returned : null]
    .filter((each) => each !== null)
    .join(', ');

const ReleaseSeat = ({
  license,
  seat,
  onClose,
}: {
  readonly license: License;
  readonly seat: Seat;
  readonly onClose: () => void;
}) => {
  const release = useCommand('releaseLicenseLease');
  return (
    <Confirmation
      license={license}
      title={names.releaseTitle}
      confirm={names.release}
      command={release}
      inputOf={(form) => ({ params: { licenseId: license.id, leaseId: seat.id }, body: reasonIn(form) })}
      onClose={onClose}
    >
      <p>{nameOf(seat)}</p>
      <p>{names.releaseText}</p>
      {seat.borrowed && <p>{names.borrowedText}</p>}
      <ReasonFields />
    </Confirmation>
  );
};
