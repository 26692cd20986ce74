// Answers with the address of the service that it was given, and has a child that takes no interest in signals.
import { spawn } from 'node:child_process';
import http from 'node:http';

spawn('sh', ['-c', "trap '' TERM INT; while :; do sleep 1; done"], { stdio: 'ignore' });
http.createServer((_, response) => response.end(process.env.services__service__http__0)).listen(Number(process.env.PORT), 'localhost');
