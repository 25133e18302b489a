import { mustBe } from '../invalid.ts';
import { checkName } from './key-names.ts';

/**
 * The name of a log: the name of the installation, the organization that issues, and how often the log began, from 1. A
 * log begins again after a lawful restore, because the old name has signed more than the restored log contains.
 */
export type LogOrigin = { readonly installation: string; readonly organizationId: string; readonly generation: number };

/**
 * Returns the origin in a checkpoint: `ledger.example/org_…`, and `ledger.example/org_…/2` when the log began again.
 * Throws InvalidProof for parts that the origin does not lead back to.
 */
export const formatOrigin = ({ installation, organizationId, generation }: LogOrigin): string => {
  const origin = `${installation}/${organizationId}${generation === 1 ? '' : `/${generation}`}`;
  const parsed = parseOrigin(origin);
  const isSame =
    parsed.installation === installation &&
    parsed.organizationId === organizationId &&
    parsed.generation === generation;
  mustBe(isSame, `The origin ${origin} has other parts than those that it is made of.`);
  return origin;
};

/** Returns the parts of an origin. Throws InvalidProof for a text that `formatOrigin` does not return. */
export const parseOrigin = (origin: string): LogOrigin => {
  checkName(origin, 'The origin');
  const [, installation = '', organizationId = '', generation = '1'] = form.exec(origin) ?? [];
  mustBe(
    installation !== '',
    `The origin ${origin} does not have the form installation/org_… or installation/org_…/2.`,
  );
  return { installation, organizationId, generation: Number(generation) };
};

/** Returns the origin of the log that continues after a lawful restore. */
export const restartedOrigin = (origin: string): string => {
  const { generation, ...log } = parseOrigin(origin);
  return formatOrigin({ ...log, generation: generation + 1 });
};

const form = /^(.+)\/(org_[0-9a-z]+)(?:\/([2-9]|[1-9][0-9]{1,8}))?$/;
