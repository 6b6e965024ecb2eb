namespace FtpMount.Vfs;

/// <summary>Under which name content is on the server while it is being sent.</summary>
public enum VfsUploadMode
{
    /// <summary>Small files that the server does not have yet under their own, others under a temporary one.</summary>
    Auto,

    /// <summary>Always a temporary one, which is renamed: nobody sees half a file.</summary>
    Temporary,

    /// <summary>Always its own: whoever reads a file while it is being sent sees a part of it.</summary>
    Direct,
}
