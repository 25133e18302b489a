import type { CommandOf, LicenseCommand } from '../../../src/domain/license/commands.ts';
import type { Draw } from './draw.ts';

/** How often each type of command is drawn, and how its data is drawn. A type without an entry does not compile. */
export type Kinds<Type extends LicenseCommand['type'] = LicenseCommand['type']> = {
  readonly [Key in Type]: { readonly weight: number; readonly draw: (draw: Draw) => CommandOf<Key>['data'] };
};
