using FtpMount.EndToEnd.Worker.Session;

// serve: requests on standard input (WorkerSession). guard FOLDER MOUNTPOINT LOG PROGRAM ARGUMENT...: see ProgramGuardian.
switch (args)
{
    case ["serve"]:
        new WorkerSession(Console.In, Console.Out).Run();
        return 0;
    case ["guard", var folder, var mountPoint, var log, var program, .. var arguments]:
        new ProgramGuardian(folder, mountPoint).Run(log, program, arguments);
        return 0;
    default:
        Console.Error.WriteLine("usage: serve | guard FOLDER MOUNTPOINT LOG PROGRAM ARGUMENT...");
        return 2;
}
