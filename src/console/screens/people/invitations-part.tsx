import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { TextField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { SecretDialog } from '../../parts/secret-dialog.tsx';
import { useCommand, useOrganizationId } from '../../session/ledger.ts';
import { useMay } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { peopleTexts } from '../../texts/people-texts.ts';
import classes from './people.module.css';
import { type Invitation, isInvitation } from './people.ts';
import { RoleField, roleIn, useGivableRoles } from './role-field.tsx';

const texts = peopleTexts.invitations;

type Open =
  | { readonly kind: 'invite' }
  | { readonly kind: 'withdraw' | 'token'; readonly invitation: Invitation }
  | { readonly kind: 'shown'; readonly token: string; readonly text: string };

/** The open invitations, and what invites another person. */
export const InvitationsPart = () => {
  const organizationId = useOrganizationId();
  const pages = usePages('listMembers', { params: { organizationId }, query: { state: 'invited' } });
  const mayShowTokens = useMay()('handOutInvitations');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <Part title={texts.title}>
      <Paged pages={pages} empty={texts.none}>
        <PartTable isStacked caption={texts.caption} columns={[...Object.values(texts.columns), peopleTexts.action]}>
          {pages.entries.filter(isInvitation).map((invitation) => (
            <tr key={invitation.invitationId}>
              <th scope="row">{nameOf(invitation)}</th>
              <td data-label={texts.columns.role}>{peopleTexts.roles[invitation.role]}</td>
              <td data-label={texts.columns.expires}>
                <Moment at={invitation.expiresAt} withAge />
              </td>
              <td>
                <InvitationActions invitation={invitation} mayShowTokens={mayShowTokens} onOpen={setOpen} />
              </td>
            </tr>
          ))}
        </PartTable>
      </Paged>
      <div>
        <Button onClick={() => setOpen({ kind: 'invite' })}>{texts.invite}</Button>
      </div>
      {open?.kind === 'invite' && <Invite onClose={close} onShow={setOpen} />}
      {open?.kind === 'withdraw' && <Withdraw invitation={open.invitation} onClose={close} />}
      {open?.kind === 'token' && <ShowToken invitation={open.invitation} onClose={close} onShow={setOpen} />}
      {open?.kind === 'shown' && (
        <SecretDialog
          title={texts.tokenTitle}
          text={open.text}
          secret={open.token}
          close={peopleTexts.done}
          onClose={close}
        />
      )}
    </Part>
  );
};

const nameOf = ({ email }: Invitation): string => email ?? texts.hidden;

const InvitationActions = ({
  invitation,
  mayShowTokens,
  onOpen,
}: {
  readonly invitation: Invitation;
  readonly mayShowTokens: boolean;
  readonly onOpen: (open: Open) => void;
}) => {
  const isGivable = useGivableRoles().includes(invitation.role);
  const name = nameOf(invitation);
  return (
    <div className={classes.actions}>
      {mayShowTokens && isGivable && (
        <Button
          kind="quiet"
          aria-label={peopleTexts.of(texts.showToken, name)}
          onClick={() => onOpen({ kind: 'token', invitation })}
        >
          {texts.showToken}
        </Button>
      )}
      {isGivable && (
        <Button
          kind="quiet"
          aria-label={peopleTexts.of(texts.withdraw, name)}
          onClick={() => onOpen({ kind: 'withdraw', invitation })}
        >
          {texts.withdraw}
        </Button>
      )}
    </div>
  );
};

type Shows = { readonly onClose: () => void; readonly onShow: (open: Open) => void };

const Invite = ({ onClose, onShow }: Shows) => {
  const organizationId = useOrganizationId();
  const invite = useCommand('inviteMember');
  return (
    <CommandDialog
      title={texts.inviteTitle}
      confirm={texts.send}
      command={invite}
      inputOf={(form) => ({
        params: { organizationId },
        body: { email: String(form.get('email')).trim(), role: roleIn(form.get('role')) ?? 'MEMBER' },
      })}
      onClose={onClose}
      onDone={({ token, isMailed }) =>
        token === null ? onClose() : onShow({ kind: 'shown', token, text: isMailed ? texts.mailed : texts.notMailed })
      }
    >
      <TextField label={texts.email} name="email" type="email" autoComplete="off" required maxLength={254} />
      <RoleField initial="MEMBER" />
    </CommandDialog>
  );
};

const ShowToken = ({ invitation, onClose, onShow }: Shows & { readonly invitation: Invitation }) => {
  const { invitationId } = invitation;
  const organizationId = useOrganizationId();
  const show = useCommand('createInvitationToken');
  return (
    <CommandDialog
      title={texts.showTokenTitle}
      confirm={texts.showToken}
      command={show}
      inputOf={() => ({ params: { organizationId, invitationId } })}
      onClose={onClose}
      onDone={({ token }) => onShow({ kind: 'shown', token, text: texts.shown })}
    >
      <p>{nameOf(invitation)}</p>
      <p>{texts.showTokenText}</p>
    </CommandDialog>
  );
};

const Withdraw = ({ invitation, onClose }: { readonly invitation: Invitation; readonly onClose: () => void }) => {
  const { invitationId } = invitation;
  const organizationId = useOrganizationId();
  const withdraw = useCommand('withdrawInvitation');
  return (
    <CommandDialog
      title={texts.withdrawTitle}
      confirm={texts.withdraw}
      isDangerous
      command={withdraw}
      inputOf={() => ({ params: { organizationId, invitationId } })}
      onClose={onClose}
    >
      <p>{nameOf(invitation)}</p>
      <p>{texts.withdrawText}</p>
    </CommandDialog>
  );
};
