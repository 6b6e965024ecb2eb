namespace FtpMount.Vfs;

/// <summary>What becomes of a file that is not on the server yet.</summary>
public enum PendingUploadState
{
    /// <summary>It is open, or its turn has not come.</summary>
    Waiting,

    /// <summary>It is being sent.</summary>
    Uploading,

    /// <summary>The last attempt failed for a reason that passes by itself; it is tried again soon.</summary>
    Failed,

    /// <summary>The server refused it (no right, no room), or it cannot be completed: it is tried again now and then, and somebody should look at it.</summary>
    Refused,

    /// <summary>A power failure may have damaged it: it is never sent by itself.</summary>
    Torn,

    /// <summary>It lies outside of the folder that is mounted, or waits for another version of it: this mount does not send it.</summary>
    Elsewhere,
}
