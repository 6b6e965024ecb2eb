namespace FtpMount.Fuse.Kernel;

/// <summary>What a notification tells the kernel: <c>enum fuse_notify_code</c>.</summary>
internal enum FuseNotifyCode : int
{
    InvalInode = 2,
    InvalEntry = 3,
    Delete = 6,
    IncEpoch = 8,
}
