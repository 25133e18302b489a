import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { Secret } from '../../parts/secret.tsx';
import { useCommand } from '../../session/ledger.ts';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import classes from './first-run.module.css';

/** The step that creates an API key for a shop, and shows it once. */
export const ApiKeyStep = () => {
  const names = firstRunTexts.steps.apiKey;
  const create = useCommand('createApiKey');
  const send = () => create.mutate({ body: { name: names.name, scopes: ['licenses:read', 'licenses:write'] } });
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
