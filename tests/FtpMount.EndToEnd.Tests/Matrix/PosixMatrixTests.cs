using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Worker.Matrix;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>The POSIX matrix through a mount of each server, with the documented exceptions.</summary>
public sealed class PosixMatrixTests(MountedMatrix mounted) : IClassFixture<MountedMatrix>
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (string place in (string[])[.. WorkPlace.Ftp, .. WorkPlace.Sftp])
            {
                foreach (string name in PosixMatrix.Cases.Keys)
                    rows.Add(place, name);
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Holds_through_the_mount_or_is_a_documented_exception(string server, string @case)
    {
        MatrixOutcome outcome = await mounted.RunAsync(server, @case);
        DocumentedException? exception = DocumentedExceptions.Find(@case, server);
        if (outcome.Actual is not null && outcome.Actual == exception?.Actual)
            return;
        Assert.True(outcome.Actual is null, $"{outcome.Message}\n{await mounted.LogAsync(server)}");
        Assert.True(exception is null or { MayHold: true }, $"This is documented as an exception ({exception?.Actual}: {exception?.Reason}) but holds: take it off the list.");
    }
}
