import { usePermission } from '../../session/may.ts';
import { useTitle } from '../../shell/use-title.ts';
import { proofTexts as texts } from '../../texts/proof-texts.ts';
import { AccessPart } from './access-part.tsx';
import { CheckpointsPart } from './checkpoints-part.tsx';
import { EventProofPart } from './event-proof-part.tsx';
import { KeysPart } from './keys-part.tsx';
import classes from './proof.module.css';
import { VerifyPart } from './verify-part.tsx';

/** The log of the organization: its checkpoints and keys, the proof of an event, and the check of files. */
const Proof = () => {
  useTitle(texts.title);
  const mayChange = usePermission('changeOrganization');
  return (
    <div className={classes.page}>
      <h1>{texts.title}</h1>
      <p>{texts.text}</p>
      <CheckpointsPart />
      <div className={classes.columns}>
        <EventProofPart />
        <KeysPart />
      </div>
      <VerifyPart />
      <AccessPart mayChange={mayChange} />
    </div>
  );
};

export default Proof;
