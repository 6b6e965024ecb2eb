namespace FtpMount.EndToEnd.Tests.Programs;

/// <summary>A worker did not answer in time, or died; it has been killed.</summary>
public sealed class WorkerHungException(string message) : Exception(message);
