using CsCheck;
using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>Random operations through the virtual file system and on a reference model, which must agree at every step and, in the end, with the server.</summary>
public sealed class ModelTests
{
    [Flags]
    private enum Trait
    {
        None = 0,
        NoRename = 1,
        NoTemporary = 2,
        NoDotNames = 4,
        Unique = 8,
        NoTimeouts = 16,
        SmallCache = 32,
        Temporary = 64,
    }

    [Fact]
    public Task Random_operations_do_what_a_local_file_system_does() =>
        Gen.Select(ModelSteps.Any.Array[1, 60], Gen.Int[0, 127]).SampleAsync(
            async (steps, traits) => await RunAsync(steps, (Trait)traits),
            iter: 400,
            threads: 1,
            print: t => $"{(Trait)t.Item2}\n{string.Join('\n', t.Item1)}");

    private static async Task RunAsync(ModelSteps.Step[] steps, Trait traits)
    {
        await using var mount = new Mount(r => Prepare(r, traits), o => Configure(o, traits));
        var expected = await ModelSteps.RunAsync(mount, steps, mount.Remote.ListsDotNames);
        ModelSteps.AssertSame(expected, mount.Remote.Tree());
    }

    private static void Prepare(MemoryRemote remote, Trait traits)
    {
        remote.TellsUnique = (traits & Trait.Unique) != 0;
        remote.ListsDotNames = (traits & Trait.NoDotNames) == 0;
        remote.Failure = (operation, path) =>
            (operation == "RENAME" && (traits & Trait.NoRename) != 0 && path.Contains(".ftpmount-", StringComparison.Ordinal))
            || (operation == "STORE" && (traits & Trait.NoTemporary) != 0 && path.Contains(".ftpmount-", StringComparison.Ordinal))
                ? new RemoteException(RemoteError.AccessDenied, "no")
                : null;
    }

    private static VfsOptions Configure(VfsOptions options, Trait traits)
    {
        options = options with { Upload = (traits & Trait.Temporary) != 0 ? VfsUploadMode.Temporary : VfsUploadMode.Auto };
        if ((traits & Trait.SmallCache) != 0)
            options = options with { CachedEntries = 2 };
        return (traits & Trait.NoTimeouts) != 0
            ? options with { AttributeTimeout = TimeSpan.Zero, DirectoryTimeout = TimeSpan.Zero, NegativeTimeout = TimeSpan.Zero }
            : options;
    }
}
