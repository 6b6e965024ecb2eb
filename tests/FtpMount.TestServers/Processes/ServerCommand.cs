namespace FtpMount.TestServers.Processes;

/// <summary>What to execute for one server, and who may log in to it.</summary>
/// <param name="Program">Absolute path of the executable.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Environment">Variables added to the environment.</param>
/// <param name="User">The name to log in with.</param>
/// <param name="Password">Its password; empty when there is none.</param>
internal sealed record ServerCommand(
    string Program,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string User,
    string Password);
