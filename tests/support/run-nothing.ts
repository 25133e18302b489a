// A process that only is there.
console.log(JSON.stringify({ pid: process.pid }));
setInterval(() => {}, 60_000);
