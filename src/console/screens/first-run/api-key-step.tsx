import type { Role } from '../../../domain/organization/events.ts';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { Secret } from '../../parts/secret.tsx';
import type { useCommand } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import classes from './first-run.module.css';
import { mayCreateShopKey, shopScopes } from './shop-key.ts';

/** The step that creates an API key for a shop, and shows it once. Only a role that may give its scopes sees the step. */
export const ApiKeyStep = ({
  role,
  create,
}: {
  readonly role: Role;
  readonly create: ReturnType<typeof useCommand<'createApiKey'>>;
}) => {
  const names = firstRunTexts.steps.apiKey;
  const mayManageKeys = usePermission('manageApiKeys');
  if (!mayManageKeys || !mayCreateShopKey(role)) return null;
  const send = () => create.mutate({ body: { name: names.name, scopes: [...shopScopes] } });
  return (
    <Part title={names.title}>
      <p className={classes.soft}>{names.text}</p>
      {create.isError && <Failure error={create.error} />}
      {create.isSuccess ? (
        <Secret title={names.key} secret={create.data.secret}>
          <p>{names.once}</p>
        </Secret>
      ) : (
        <div>
          <Button busy={create.isPending} onClick={send}>
            {names.submit}
          </Button>
        </div>
      )}
    </Part>
  );
};
