import { Paged } from '../../parts/paged.tsx';
import { onlyIds, type Pages } from '../../session/list-pages.ts';
import { usePages, useReadUntil } from '../../session/paged-list.ts';
import { refusalTexts } from '../../texts/refusal-texts.ts';
import type { License } from '../../types.ts';
import { GrantEntitlement } from '../license/change/entitlement-dialogs.tsx';
import { ChangeLimits } from '../license/change/limits-dialog.tsx';
import { ChangeProducts } from '../license/change/products-dialog.tsx';
import { ChangeMaintenance } from '../license/change/term-dialogs.tsx';
import { DeviceTable } from '../license/devices-part.tsx';
import { type DialogButton, DialogButtons } from '../license/dialog-buttons.tsx';
import { useBeyondLifting, useMayAssign, usePowers } from '../license/power.ts';
import { SeatTable } from '../license/seats-part.tsx';
import { Reinstate, Renew } from '../license/status-dialogs.tsx';
import { AssignUser, UserTable } from '../license/users-part.tsx';
import classes from './refusal.module.css';
import type { RefusalRequest } from './refusal-request.ts';
import { powerOf, proposalOf, type Step, sentenceOfStep } from './refusal-steps.ts';

const texts = refusalTexts.repair;

type Props = { readonly step: Step; readonly license: License; readonly request: RefusalRequest };

/** A step as a sentence, with what carries it out where the user may. */
export const StepView = ({ step, license, request }: Props) => {
  const may = useMayTake(license);
  const isForConsole = powerOf[step.action] !== null;
  return (
    <>
      <p>{sentenceOfStep(step)}</p>
      {isForConsole && !may(step) && <p className={classes.soft}>{texts.notYours}</p>}
      {isForConsole && may(step) && (
        <>
          <Choice step={step} license={license} />
          <DialogButtons buttons={buttonsOf({ step, license, request })} />
        </>
      )}
    </>
  );
};

/** Returns what tells whether the user may take a step. */
const useMayTake = (license: License): ((step: Step) => boolean) => {
  const mayDo = usePowers(license);
  const beyondLifting = useBeyondLifting(license);
  const mayAssign = useMayAssign(license);
  return ({ action }) => {
    const power = powerOf[action];
    if (power === null || !mayDo(power)) return false;
    if (action === 'REINSTATE') return beyondLifting.length === 0;
    return power === 'assignUsers' ? mayAssign : true;
  };
};

const buttonsOf = ({ step, license, request }: Props): readonly DialogButton[] => {
  const { duration, basis, to, product, entitlement, limits = {}, strategy } = proposalOf(step);
  switch (step.action) {
    case 'REINSTATE':
      return [button(step, (onClose) => <Reinstate license={license} onClose={onClose} />)];
    case 'RENEW': {
      const terms = duration === undefined || basis === undefined ? null : { duration, basis };
      return [button(step, (onClose) => <Renew license={license} terms={terms} onClose={onClose} />)];
    }
    case 'EXTEND_MAINTENANCE':
      return [button(step, (onClose) => <ChangeMaintenance license={license} to={to ?? null} onClose={onClose} />)];
    case 'ADD_PRODUCT':
      return [
        button(step, (onClose) => (
          <ChangeProducts license={license} proposed={product === undefined ? [] : [product]} onClose={onClose} />
        )),
      ];
    case 'GRANT_ENTITLEMENT':
      return [
        button(step, (onClose) => <GrantEntitlement license={license} code={entitlement ?? ''} onClose={onClose} />),
      ];
    case 'CHANGE_LIMITS':
      return [
        button(step, (onClose) => (
          <ChangeLimits
            license={license}
            proposed={limits}
            {...(strategy === undefined ? {} : { strategy })}
            onClose={onClose}
          />
        )),
      ];
    case 'ASSIGN_USER':
      return [button(step, (onClose) => <AssignUser license={license} user={request.user ?? ''} onClose={onClose} />)];
    default:
      return [];
  }
};

const button = ({ action }: Step, dialog: DialogButton['dialog']): DialogButton => ({
  label: refusalTexts.buttons[action] ?? refusalTexts.steps[action],
  dialog,
});

/** The devices, seats or users of which some must go, with their own buttons. */
const Choice = ({ step: { action, choose }, license }: Pick<Props, 'step' | 'license'>) => {
  if (choose === null) return null;
  const among = { license, ids: choose.ids };
  return (
    <>
      <p>{texts.anyOf(choose.count)}</p>
      {action === 'RELEASE_DEVICES' && <DeviceChoice {...among} />}
      {action === 'RELEASE_SEATS' && <SeatChoice {...among} />}
      {action === 'UNASSIGN_USERS' && <UserChoice {...among} />}
    </>
  );
};

type Among = { readonly license: License; readonly ids: readonly string[] };

/** The server lists at most so many to choose from, too. */
const query = { limit: 100 };

const DeviceChoice = ({ license, ids }: Among) => {
  const pages = useChosen(
    usePages('listActivations', { params: { licenseId: license.id }, query }),
    ids,
    ({ id }) => id,
  );
  return (
    <Paged pages={pages} empty={texts.goneMeanwhile}>
      {(devices) => <DeviceTable license={license} devices={devices} mayRelease maySwap={false} />}
    </Paged>
  );
};

const SeatChoice = ({ license, ids }: Among) => {
  const pages = useChosen(usePages('listLeases', { params: { licenseId: license.id }, query }), ids, ({ id }) => id);
  return (
    <Paged pages={pages} empty={texts.goneMeanwhile}>
      {(seats) => <SeatTable license={license} seats={seats} mayRelease />}
    </Paged>
  );
};

const UserChoice = ({ license, ids }: Among) => {
  const pages = useChosen(
    usePages('listLicenseUsers', { params: { licenseId: license.id }, query }),
    ids,
    ({ user }) => user,
  );
  return (
    <Paged pages={pages} empty={texts.goneMeanwhile}>
      {(users) => <UserTable license={license} users={users} mayAssign />}
    </Paged>
  );
};

/** Reads a list until it has all of these ids, and returns only them. */
const useChosen = <Entry,>(
  pages: Pages<Entry>,
  ids: readonly string[],
  idOf: (entry: Entry) => string,
): Pages<Entry> => {
  const chosen = onlyIds(pages, ids, idOf);
  useReadUntil(pages, !chosen.hasMore);
  return chosen;
};
