import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { CheckField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand, useOrganizationId, useRead, useUnchangedCommand } from '../../session/ledger.ts';
import { useMay } from '../../session/may.ts';
import { memberName } from '../../session/member-name.ts';
import { useUserId } from '../../session/use-author-name.ts';
import { peopleTexts } from '../../texts/people-texts.ts';
import { keysLeft } from './key-state.ts';
import classes from './people.module.css';
import { isMember, type Member, useMembers } from './people.ts';
import { RoleField, roleIn, useGivableRoles } from './role-field.tsx';

const texts = peopleTexts.members;

type Open = { readonly kind: 'change' | 'remove'; readonly member: Member };

/** The members, and what the user may change about them. */
export const MembersPart = () => {
  const organizationId = useOrganizationId();
  const pages = useMembers(organizationId);
  const mayManage = useMay()('manageMembers');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const ownId = useUserId();
  const isLastOwner = useLastOwner(mayManage);
  return (
    <Part title={texts.title}>
      <Paged pages={pages} empty={texts.none}>
        <PartTable
          isStacked
          caption={texts.caption}
          columns={[...Object.values(texts.columns), ...(mayManage ? [peopleTexts.action] : [])]}
        >
          {pages.entries.filter(isMember).map((member) => (
            <tr key={member.userId}>
              <th scope="row">
                <Who member={member} isOwn={member.userId === ownId} />
              </th>
              <td data-label={texts.columns.role}>{peopleTexts.roles[member.role]}</td>
              <td data-label={texts.columns.since}>
                <Moment at={member.joinedAt} />
              </td>
              {mayManage && (
                <td>
                  <MemberActions member={member} isLastOwner={isLastOwner(member)} onOpen={setOpen} />
                </td>
              )}
            </tr>
          ))}
        </PartTable>
      </Paged>
      {open?.kind === 'change' && <ChangeRole member={open.member} onClose={close} />}
      {open?.kind === 'remove' && <Remove member={open.member} onClose={close} />}
    </Part>
  );
};

/** Returns what tells whether a member is the only owner. The server decides again. */
const useLastOwner = (isEnabled: boolean): ((member: Member) => boolean) => {
  const organizationId = useOrganizationId();
  const query = { role: 'OWNER' as const, limit: 2 };
  const owners = useRead('listMembers', { params: { organizationId }, query }, { enabled: isEnabled });
  return ({ role }) => role === 'OWNER' && owners.data?.data.length === 1;
};

const Who = ({ member, isOwn }: { readonly member: Member; readonly isOwn: boolean }) => {
  const name = memberName(member);
  return (
    <>
      {name}
      {isOwn && ` (${peopleTexts.you})`}
      {typeof member.email === 'string' && member.email !== name && <p className={classes.soft}>{member.email}</p>}
    </>
  );
};

const MemberActions = ({
  member,
  isLastOwner,
  onOpen,
}: {
  readonly member: Member;
  readonly isLastOwner: boolean;
  readonly onOpen: (open: Open) => void;
}) => {
  const isGivable = useGivableRoles().includes(member.role);
  if (isLastOwner) return <span className={classes.soft}>{texts.lastOwner}</span>;
  // A role with more rights than the own one is not for the user to take.
  if (!isGivable) return null;
  const name = memberName(member);
  return (
    <div className={classes.actions}>
      <Button
        kind="quiet"
        aria-label={peopleTexts.of(texts.change, name)}
        onClick={() => onOpen({ kind: 'change', member })}
      >
        {texts.change}
      </Button>
      <Button
        kind="quiet"
        aria-label={peopleTexts.of(texts.remove, name)}
        onClick={() => onOpen({ kind: 'remove', member })}
      >
        {texts.remove}
      </Button>
    </div>
  );
};

type Props = { readonly member: Member; readonly onClose: () => void };

const ChangeRole = ({ member: current, onClose }: Props) => {
  // The form began with this. A role that a colleague gives meanwhile must not be replaced unseen.
  const [member] = useState(current);
  const { userId, role } = member;
  const organizationId = useOrganizationId();
  const change = useUnchangedCommand('changeMember', {
    read: 'getMember',
    input: { params: { organizationId, userId } },
    state: member,
    partOf: (state) => state.role,
  });
  const closeAfter = useOwnRoleRead(member, onClose);
  const inputOf = (form: FormData) => {
    const chosen = roleIn(form.get('role')) ?? role;
    if (chosen !== role) return { params: { organizationId, userId }, body: { role: chosen } };
    onClose();
    return null;
  };
  return (
    <CommandDialog
      title={texts.changeTitle}
      confirm={texts.change}
      command={change}
      inputOf={inputOf}
      onClose={onClose}
      onDone={closeAfter}
    >
      <p>{memberName(member)}</p>
      <p>{texts.changeText}</p>
      <RoleField initial={role} />
    </CommandDialog>
  );
};

const Remove = ({ member, onClose }: Props) => {
  const { userId } = member;
  const organizationId = useOrganizationId();
  const remove = useCommand('removeMember');
  const mayRevoke = useMay()('manageApiKeys');
  const closeAfter = useOwnRoleRead(member, onClose);
  const [left, setLeft] = useState(0);
  return (
    <CommandDialog
      title={texts.removeTitle}
      confirm={texts.remove}
      isDangerous
      command={remove}
      inputOf={(form) => ({
        params: { organizationId, userId },
        query: form.get('revokeKeys') === null ? {} : { revokeKeys: true },
      })}
      onClose={closeAfter}
      onDone={({ apiKeys }) => {
        const count = keysLeft(apiKeys);
        setLeft(count);
        if (count === 0) closeAfter();
      }}
    >
      <p>{memberName(member)}</p>
      {left === 0 ? <p>{texts.removeText}</p> : <p role="alert">{texts.keysLeft(left)}</p>}
      {mayRevoke && <CheckField label={texts.revokeKeys} hint={texts.revokeKeysHint} name="revokeKeys" />}
    </CommandDialog>
  );
};

/** Closes a dialog, and reads the own role again when it was changed. All screens show what it allows. */
const useOwnRoleRead = ({ userId }: Member, onClose: () => void): (() => void) => {
  const queries = useQueryClient();
  const ownId = useUserId();
  return () => {
    if (userId === ownId) void queries.invalidateQueries({ queryKey: ['user'] });
    onClose();
  };
};
