namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>Marks a method as a case of the POSIX matrix. Its name is the statement that it tests.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PosixCaseAttribute : Attribute;
