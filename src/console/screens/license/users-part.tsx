import type { EntryOf } from '@license-ledger/client';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { number } from '../../parts/dates.ts';
import { TextField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import { limitText } from '../../texts/license-texts.ts';
import type { License } from '../../types.ts';
import { ReasonFields } from './change/reason-fields.tsx';
import { reasonIn } from './change/reasons.ts';
import { Confirmation } from './confirmation.tsx';
import { DialogButtons } from './dialog-buttons.tsx';
import classes from './license.module.css';
import { useHashTarget } from './use-hash-target.ts';

/** A user to whom a license is assigned. */
export type AssignedUser = EntryOf<'listLicenseUsers'>;

const names = changeTexts.users;

/** The id of the part, at which the search opens a license that it found by a user. */
const usersId = 'users';

/** The users of a license. `mayAssign`: the user may assign and unassign others. */
export const UsersPart = ({ license, mayAssign }: { readonly license: License; readonly mayAssign: boolean }) => {
  const mayChange = mayAssign && license.status !== 'REVOKED';
  const pages = usePages('listLicenseUsers', { params: { licenseId: license.id } });
  useHashTarget(pages, usersId, () => usersId);
  const assign = {
    label: names.assign,
    dialog: (onClose: () => void) => <AssignUser license={license} onClose={onClose} />,
  };
  return (
    <div id={usersId} className={classes.target} tabIndex={-1}>
      <Part title={names.title}>
        <Paged pages={pages} empty={names.none} more={names.more}>
          {(users) => <UserTable license={license} users={users} mayAssign={mayChange} />}
        </Paged>
        <DialogButtons buttons={mayChange ? [assign] : []} />
      </Part>
    </div>
  );
};

/** Users with a button to unassign each. */
export const UserTable = ({
  license,
  users,
  mayAssign,
}: {
  readonly license: License;
  readonly users: readonly AssignedUser[];
  readonly mayAssign: boolean;
}) => {
  const [leaving, setLeaving] = useState<AssignedUser | null>(null);
  const { action, ...columns } = names.columns;
  return (
    <>
      <PartTable
        isStacked
        caption={names.caption}
        columns={[...Object.values(columns), ...(mayAssign ? [action] : [])]}
      >
        {users.map((assigned) => (
          <tr key={assigned.user}>
            <th scope="row">{nameOf(assigned)}</th>
            <td data-label={columns.since}>
              <Moment at={assigned.assignedAt} withAge />
            </td>
            {mayAssign && (
              <td>
                <Button kind="quiet" aria-label={names.removeOf(nameOf(assigned))} onClick={() => setLeaving(assigned)}>
                  {names.remove}
                </Button>
              </td>
            )}
          </tr>
        ))}
      </PartTable>
      {leaving !== null && <Unassign license={license} assigned={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
};

const nameOf = ({ name, user }: AssignedUser): string => name ?? user;

/** Assigns a license to a user. `user`: the name that the field has at first. */
export const AssignUser = ({
  license,
  user = '',
  onClose,
}: {
  readonly license: License;
  readonly user?: string;
  readonly onClose: () => void;
}) => {
  const assign = useCommand('assignLicenseUser');
  const { limits, usage } = license;
  const free = limits.users === 'unlimited' ? limitText(limits.users) : number(Math.max(0, limits.users - usage.users));
  return (
    <Confirmation
      license={license}
      title={names.assignTitle}
      confirm={names.assign}
      command={assign}
      inputOf={(form) => ({
        params: { licenseId: license.id },
        body: { user: String(form.get('user')).trim(), ...reasonIn(form) },
      })}
      onClose={onClose}
    >
      <p>{names.places(free)}</p>
      <TextField
        label={names.user}
        hint={names.userHint}
        name="user"
        defaultValue={user}
        required
        maxLength={256}
        autoComplete="off"
      />
      <ReasonFields />
    </Confirmation>
  );
};

const Unassign = ({
  license,
  assigned,
  onClose,
}: {
  readonly license: License;
  readonly assigned: AssignedUser;
  readonly onClose: () => void;
}) => {
  const unassign = useCommand('unassignLicenseUser');
  return (
    <Confirmation
      license={license}
      title={names.removeTitle}
      confirm={names.remove}
      command={unassign}
      inputOf={(form) => ({ params: { licenseId: license.id, user: assigned.user }, body: reasonIn(form) })}
      onClose={onClose}
    >
      <p>{nameOf(assigned)}</p>
      <p>{names.removeText}</p>
      <ReasonFields />
    </Confirmation>
  );
};
