namespace FtpMount.Vfs.Incidents;

/// <summary>What happened that a person should know.</summary>
public enum VfsIncidentKind
{
    /// <summary>A file was changed here and on the server.</summary>
    Conflict,

    /// <summary>The server refuses what was written.</summary>
    Refused,

    /// <summary>A power failure has damaged what was written and not sent.</summary>
    Torn,

    /// <summary>The server cannot be reached.</summary>
    Offline,

    /// <summary>The server is back.</summary>
    Online,
}
