namespace FtpMount.Vfs.WriteBack;

/// <summary>What is to become of a file in the journal. The numbers are in the database.</summary>
internal enum JournaledState
{
    /// <summary>It is to be uploaded.</summary>
    Pending = 0,

    /// <summary>The server refused it for good: it is kept until somebody says what to do.</summary>
    Refused = 1,

    /// <summary>Its content did not survive a power failure whole: it is kept for whoever wants to look, and not uploaded.</summary>
    Torn = 2,
}
