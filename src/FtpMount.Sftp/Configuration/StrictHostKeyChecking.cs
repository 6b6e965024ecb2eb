namespace FtpMount.Sftp.Configuration;

/// <summary>The values of StrictHostKeyChecking (ssh_config(5)).</summary>
internal enum StrictHostKeyChecking
{
    /// <summary>Unknown keys are asked about.</summary>
    Ask,

    /// <summary>Unknown keys are refused.</summary>
    Yes,

    /// <summary>Unknown keys are accepted and remembered. <c>no</c> and <c>off</c> mean the same here: a changed key is refused in any case.</summary>
    AcceptNew,
}
