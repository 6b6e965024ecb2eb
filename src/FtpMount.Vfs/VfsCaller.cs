namespace FtpMount.Vfs;

/// <summary>Who makes a call.</summary>
/// <param name="UserId">Effective user (0 where the platform has none).</param>
/// <param name="GroupId">Effective group.</param>
/// <param name="ProcessId">The process; 0 for the kernel itself.</param>
public readonly record struct VfsCaller(uint UserId, uint GroupId, uint ProcessId);
