import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { format } from 'node:util';
import { runInThisContext } from 'node:vm';

/**
 * Starts a server on a free port that evaluates what commands pass to `node -p`. `definition` is a function of bash
 * that sends it there. A page starts hundreds of Nodes, which takes most of the processor time of its commands.
 */
export const startNodeForBash = async () => {
  const server = createServer(reply);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    definition: definitionFor((server.address() as AddressInfo).port),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
};

// The expression and its standard input end with a zero byte each. The exit code is the first line of the reply.
const definitionFor = (port: number): string => `
node() {
  [ "$1" = -p ] && [ $# = 2 ] || { command node "$@"; return; }
  local input= connection code lines
  [[ $2 != *'readFileSync(0)'* ]] || input=$(</dev/stdin)
  exec {connection}<>/dev/tcp/127.0.0.1/${port}
  printf '%s\\0%s\\0' "$2" "$input" >&$connection
  read -r code <&$connection
  mapfile -u $connection lines
  exec {connection}<&-
  if [ "$code" = 0 ]; then printf '%s' "\${lines[@]}"; else printf '%s' "\${lines[@]}" >&2; fi
  return "$code"
}
`;

const reply = (socket: Socket): void => {
  let request = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    request += chunk;
    const [expression, input, rest] = request.split('\0');
    if (expression !== undefined && input !== undefined && rest !== undefined) socket.end(evaluated(expression, input));
  });
};

/** Returns the exit code and the output of `node -p`. */
const evaluated = (expression: string, input: string): string => {
  const require = () => ({ readFileSync: () => input });
  try {
    return `0\n${format(runInThisContext(`(require) => (${expression})`)(require))}\n`;
  } catch (error) {
    return `1\n${format(error)}\n`;
  }
};
