import { deactivatedAmong } from '../../identity/users.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { afterAppend } from '../after-append.ts';
import { inTurn } from '../in-turn.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { blockUntilProjected } from './block-until-projected.ts';
import { ownersOf, ownersTurn } from './owners.ts';
import {
  type Change,
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
  type Unsent,
} from './send-to-organization.ts';

/** `forgetUser` makes this process notice a change immediately. Other processes notice it within 2 seconds. */
export type MemberNeeds = OrganizationCommandNeeds & { readonly forgetUser: (userId: string) => void };

type AboutMember<View> = Pick<Change<View>, 'view'> & {
  /** `deactivated` lists the owners who can no longer sign in. */
  readonly commandOn: (deactivated: readonly string[]) => Unsent;
};

/**
 * Sends a command about a member to the caller's organization. One OWNER who can sign in stays. This process reads the
 * member's role again as soon as the read models contain the change.
 */
export const sendMemberCommand = async <View>(
  needs: MemberNeeds,
  request: OrganizationRequest,
  memberId: string,
  { commandOn, view }: AboutMember<View>,
): Promise<ChangedOrganization<View> | Refusal> => {
  const { organizationId } = request.caller;
  const at = needs.now();
  // No OWNER can be deactivated meanwhile.
  const place = ownersTurn(organizationId, request.attempt.commandId);
  const sent = await inTurn(needs.pool, place, async (turn) => {
    const deactivated = await deactivatedAmong(needs.pool, await ownersOf(needs.executor, organizationId));
    const commandsOn = () => {
      turn.check();
      return [commandOn(deactivated)];
    };
    const changed = await sendToOrganization(needs, request, { at, commandsOn, aboutAccess: true, view });
    if (isRefusal(changed)) return changed;
    await blockUntilProjected(needs.pool, organizationId, changed.position);
    // Another process may have deactivated an OWNER by the old owners when the turn was lost.
    await afterAppend(() => asTenant(needs.pool, organizationId, turn.end, { readOnly: false }));
    return changed;
  });
  if (isRefusal(sent)) return sent;
  request.call.onceReadable(sent.position, () => needs.forgetUser(memberId));
  return sent;
};
