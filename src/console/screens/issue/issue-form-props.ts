import type { Pages } from '../../session/paged-list.ts';
import type { Policy, Product } from '../../types.ts';
import type { IssueFaults, IssueForm } from './issue-form.ts';

/** What the parts of the form get: its fields, what is wrong with them, and how to change them. */
export type IssueFormProps = {
  readonly form: IssueForm;
  readonly faults: IssueFaults;
  /** The chosen version of the policy, once it is known. */
  readonly policy: Policy | undefined;
  readonly products: Pages<Product>;
  readonly change: (fields: Partial<IssueForm>) => void;
};
