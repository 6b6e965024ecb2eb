using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Worker.Matrix;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>The POSIX matrix through a mount of each server, with the documented exceptions.</summary>
public sealed class PosixMatrixTests(MountedMatrix mounted) : IClassFixture<MountedMatrix>
{
    public static TheoryData<FtpServerKind, string> Cases
    {
        get
        {
            var rows = new TheoryData<FtpServerKind, string>();
            foreach (FtpServerKind kind in FtpServerKinds.Every)
            {
                foreach (string name in PosixMatrix.Cases.Keys)
                    rows.Add(kind, name);
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Holds_through_the_mount_or_is_a_documented_exception(FtpServerKind server, string @case)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(server, out string reason), reason);
        MatrixOutcome outcome = await mounted.RunAsync(server, @case);
        DocumentedException? exception = DocumentedExceptions.Find(@case, server);
        if (outcome.Actual is not null && outcome.Actual == exception?.Actual)
            return;
        Assert.True(outcome.Actual is null, $"{outcome.Message}\n{await mounted.LogAsync(server)}");
        Assert.True(exception is null, $"This is documented as an exception ({exception?.Actual}: {exception?.Reason}) but holds: take it off the list.");
    }
}
