import { Button } from '../../parts/button.tsx';
import { number } from '../../parts/dates.ts';
import { Failure } from '../../parts/failure.tsx';
import { useCommand, useOrganizationId } from '../../session/ledger.ts';
import { proofTexts } from '../../texts/proof-texts.ts';

const texts = proofTexts.checkpoints;

/** A button that gets a checkpoint over all events of now. All parts of the page then read again. */
export const CheckpointNow = () => {
  const organizationId = useOrganizationId();
  const create = useCommand('createCheckpoint');
  return (
    <>
      {create.isError && <Failure error={create.error} />}
      <p role="status">{create.isSuccess && texts.got(number(create.data.size))}</p>
      <div>
        <Button busy={create.isPending} onClick={() => create.mutate({ params: { organizationId } })}>
          {texts.now}
        </Button>
      </div>
    </>
  );
};
