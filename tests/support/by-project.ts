import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longestFiles } from './longest-files.ts';

/**
 * Runs one project after the other, in the order of the configuration: a worker that turns to another project is replaced
 * by a new one, which has everything to load again. The longest files of a project come first.
 */
export class ByProject extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = longestFiles.indexOf(relative(this.ctx.config.root, moduleId));
      return rank === -1 ? longestFiles.length : rank;
    };
    return this.ctx.projects.flatMap((project) =>
      sorted.filter((file) => file.project === project).sort((one, other) => rankOf(one) - rankOf(other)),
    );
  }
}
